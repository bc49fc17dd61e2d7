#!/usr/bin/env node
// This file is plain JavaScript, so that a Node.js that is too old for the rest can start the one that the install brought.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const newer = Number(process.versions.node.split('.')[0]) < NEEDED ? bundledNode() : undefined;

if (newer === undefined) {
  await import('./require-node.mjs');
  await import('./main.ts');
} else {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(newer, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

function bundledNode() {
  try {
    const name = `node-${process.platform}-${process.arch}`;
    return createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    return undefined;
  }
}
