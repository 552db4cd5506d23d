const RELOADED_KEY = 'stillhouse-reloaded-at';
const AT_MOST_EVERY_MS = 10_000;

/**
 * A console that was built anew has other files: a page that was open before cannot load what it has not loaded yet.
 * It loads itself again then, once; if that does not help, the page's own error stands.
 */
export function reloadWhenReplaced(): void {
  window.addEventListener('vite:preloadError', (event) => {
    const last = Number(sessionStorage.getItem(RELOADED_KEY) ?? 0);
    if (Date.now() - last < AT_MOST_EVERY_MS) return;
    event.preventDefault();
    sessionStorage.setItem(RELOADED_KEY, String(Date.now()));
    window.location.reload();
  });
}
