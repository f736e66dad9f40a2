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
  test: { include: ['src/**/*.test.ts'] },
});
