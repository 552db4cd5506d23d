import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const SECURITY = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
};

const NOT_BUILT = 'The console has not been built. Build it with: npm run build:console\n';

/** Answers a `GET` with a file of the built console; paths of the console's own router get its page. */
export async function consoleFile(folder: string, path: string): Promise<Response> {
  const wanted = pathWithin(folder, path);
  const file = wanted === null ? null : await contentOf(wanted);
  if (wanted !== null && file !== null) {
    // Names under assets/ hold a hash of their content.
    const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    return answer(file, TYPES[extname(wanted)] ?? 'application/octet-stream', caching);
  }
  // Names hold dots (/aliases/gpt-4.1): only what can be a file is missing, the rest is an address of the console.
  if (path.startsWith('/assets/') || /^\/[^/]+\.[a-z0-9]+$/i.test(path))
    return new Response('There is no such file\n', { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8', ...SECURITY } });
  const page = await contentOf(join(folder, 'index.html'));
  if (page !== null) return answer(page, 'text/html; charset=utf-8', 'no-cache');
  return new Response(NOT_BUILT, { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8', ...SECURITY } });
}

function answer(content: Buffer, type: string, caching: string): Response {
  return new Response(new Uint8Array(content), { headers: { 'content-type': type, 'cache-control': caching, ...SECURITY } });
}

/** The file that a URL path means; null where it would lie outside the folder. */
function pathWithin(folder: string, path: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  const full = normalize(join(folder, decoded));
  return full.startsWith(folder + sep) ? full : null;
}

async function contentOf(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return null;
    throw error;
  }
}
