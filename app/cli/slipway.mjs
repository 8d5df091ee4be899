#!/usr/bin/env node
// The one file that any Node can read: it finds a Node that is new enough and the program itself, which are TypeScript sources in the
// repository and JavaScript in the package (Node refuses to strip types under node_modules).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = 24;
const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const [source, built] = [at('./slipway.ts'), at('../../dist/app/cli/slipway.js')];
const program = existsSync(source) ? source : built;
const isNewEnough = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE;
const ownNode = at('../../node_modules/node/bin/node');

if (isNewEnough) {
  const { main } = await import(pathToFileURL(program).href);
  process.exitCode = await main(process.argv.slice(2));
} else if (existsSync(ownNode)) {
  const child = spawn(ownNode, [at('./slipway.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by the terminal; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('close', (code) => {
    process.exitCode = code ?? 2;
  });
} else {
  process.stderr.write(`slipway needs Node ${OLDEST_NODE} or later; this is ${process.version}\n`);
  process.exitCode = 64;
}
