import { runCommandLine } from './cli/run.ts';

// A reader that has read enough (`pages … | head`) closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
// What can no longer be said there can be said nowhere else.
process.stderr.on('error', () => undefined);

const { argv, stdin, stdout, stderr } = process;
process.exitCode = await runCommandLine({ args: argv.slice(2), stdin, stdout, stderr });
