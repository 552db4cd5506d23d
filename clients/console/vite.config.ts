import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `npm run build:console`; with STILLHOUSE_URL set, `vite` serves the sources beside a running gateway. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  server: { proxy: Object.fromEntries(['/api', '/v1'].map((path) => [path, process.env['STILLHOUSE_URL'] ?? 'http://127.0.0.1:8080'])) },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined assets would be data: URLs; the content security policy allows those for images only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
});
