import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'baseline-widely-available',
    // An inlined image would require a wider policy than the template gives.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  server: {
    // The local cloud permits this origin (infra/local/portal_server.py), and no other port.
    port: 5174,
    strictPort: true,
    // The settings come from the portal that `make run` serves, so requests go to its local cloud.
    proxy: { '/settings.json': `http://127.0.0.1:${process.env.PORTAL_PORT ?? 5173}` },
  },
  test: { include: ['src/**/*.test.ts'] },
});
