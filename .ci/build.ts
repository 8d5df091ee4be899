import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Emits JavaScript into dist/, since Node refuses to strip types under node_modules. What is not TypeScript (schemas, style
 * sheets, scripts for browsers) is copied beside it.
 */
const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, '.ci/tsconfig.build.json')],
  { stdio: 'inherit' },
);
for (const room of ['app', 'checks', 'serving']) {
  for (const file of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
    if (/\.(json|css|svg|proto|browser\.js)$/.test(file) && !file.includes('oracle'))
      cpSync(join(root, room, file), join(dist, room, file));
  }
}
cpSync(join(root, 'package.json'), join(dist, 'package.json'));
