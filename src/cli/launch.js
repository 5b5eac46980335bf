#!/usr/bin/env node
// `npx ollagraph`: the command line on a Node.js that runs TypeScript. The package `node` brings
// one, for older ones.
import { spawn } from 'node:child_process';
import nodeModule, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST = 24;
const cli = new URL('../cli.ts', import.meta.url);

// Compiled code is kept where `npm start` keeps it, so that the next command starts sooner.
nodeModule.enableCompileCache?.(
  fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)),
);
if (Number(process.versions.node.split('.')[0]) >= OLDEST) await import(cli.href);
else runOn(findNode());

function findNode() {
  const { resolve } = createRequire(import.meta.url);
  return join(dirname(resolve('node/package.json')), 'bin/node');
}

function runOn(node) {
  const child = spawn(node, [fileURLToPath(cli), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches both: the command ends as it likes, and this process after it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  child.on('error', (error) => {
    console.error(`error: Node.js ${OLDEST} cannot be started: ${error.message}. Run npm install.`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}
