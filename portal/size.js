// Measures the gzip size of a first visit by page, from Vite's manifest. Fails above the limit.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 250_000;
const DIST = new URL('dist/', import.meta.url);

/** The modules fetched before the page shows, without those that a click fetches. */
const PAGES = {
  'sign-in': ['index.html'],
  calls: ['index.html', 'src/calls/Calls.tsx'],
  'calls, in English': ['index.html', 'src/calls/Calls.tsx', 'src/words/en.ts'],
};

const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'));

function filesOf(module, files = new Set(['index.html'])) {
  const chunk = manifest[module];
  if (!chunk) throw new Error(`the build has no ${module}: name what took its place in size.js`);
  if (files.has(chunk.file)) return files;
  for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
  for (const imported of chunk.imports ?? []) filesOf(imported, files);
  return files;
}

const size = (file) => gzipSync(readFileSync(new URL(file, DIST)), { level: 9 }).length;

let over = false;
for (const [page, modules] of Object.entries(PAGES)) {
  const files = modules.reduce((files, module) => filesOf(module, files), new Set(['index.html']));
  const bytes = [...files].reduce((sum, file) => sum + size(file), 0);
  console.log(
    `${page.padEnd(20)}${(bytes / 1000).toFixed(1).padStart(8)} kB gzip in ${files.size} files (at most ${LIMIT / 1000})`,
  );
  over ||= bytes > LIMIT;
}
process.exitCode = over ? 1 : 0;
