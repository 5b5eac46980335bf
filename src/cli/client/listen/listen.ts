import type { Command } from 'commander';
import { moment, webUrl, wholeNumber } from '../../arguments.ts';
import { CliError } from '../../failure.ts';
import { printLines, tell } from '../../invocation.ts';
import { wantsJson } from '../../output.ts';
import { untilSignalled } from '../../signals.ts';
import { oneLine, toJson } from '../../terminal.ts';
import type { Account, Callback } from '../answers.ts';
import { connect, type Api, type Connection } from '../api.ts';
import { clientCommand, commandLine } from '../command.ts';
import { forward, type Forwarded } from './forward.ts';
import { watchCallbacks } from './watch-callbacks.ts';

const SHOWN_ANSWER = 100;

interface Options extends Connection {
  forwardTo: string;
  since?: Date;
  count?: number;
}

/**
 * `listen`: forwards callbacks to a receiver on this machine that the service cannot reach or may
 * not call.
 */
export function addListen(program: Command): void {
  clientCommand(program, 'listen', 'forward every callback of your account to a receiver on this machine')
    .requiredOption('--forward-to <url>', 'the receiver, like http://localhost:4000/hook', webUrl)
    .option('--since <time>', 'also callbacks since then (or how long ago: 10m)', moment)
    .option(
      '--count <n>',
      'stop after this many; fail if one of them is not answered with 2xx',
      wholeNumber(1, 1e6),
    )
    .action(async ({ forwardTo, since, count }: Options, command: Command) => {
      const api = connect(command);
      const response = await api.open('/v1/me', 'application/json');
      const account = (await response.json()) as Account;
      const start = since ?? new Date(response.headers.get('date') ?? Date.now());
      const json = wantsJson(command);
      const to = new URL(forwardTo);
      if (!json) printLines(command, welcome(account, to));
      const failed = await forwardAll(api, command, { since: start, to, count: count ?? Infinity });
      if (count !== undefined && failed > 0)
        throw new CliError(`${failed} of ${count} callbacks were not accepted.`);
    });
}

function welcome({ name, account_id }: Account, to: URL): string {
  return `Forwarding the callbacks of ${oneLine(name)} (${account_id}) to ${to.href}
Each carries its signature. The secret that verifies it: ${commandLine('me --secret')}
Ctrl-C ends this.\n`;
}

interface Forwarding {
  since: Date;
  to: URL;
  /** The number of callbacks after which to stop. */
  count: number;
}

/**
 * Forwards callbacks one by one until Ctrl-C or `count`. Returns how many were not answered with
 * 2xx.
 */
async function forwardAll(api: Api, command: Command, { since, to, count }: Forwarding): Promise<number> {
  const json = wantsJson(command);
  using stop = untilSignalled(['SIGINT'], (name) => name);
  let trouble = '';
  const onTrouble = (message: string) => {
    if (message !== trouble) tell(command, `${message} (still trying)`);
    trouble = message;
  };
  let failed = 0;
  let left = count;
  for await (const { callback, request } of watchCallbacks(api, since, stop.signal, onTrouble)) {
    trouble = '';
    const answer = typeof request === 'string' ? notSent(request) : await forward(to, request);
    const bytes = typeof request === 'string' ? null : Buffer.byteLength(request.body);
    const accepted = answer.status !== null && answer.status >= 200 && answer.status < 300;
    if (!accepted) failed++;
    const shown = json ? toJson({ ...callback, bytes, ...answer }) : line(callback, bytes, answer, accepted);
    printLines(command, shown);
    if (--left === 0) break;
  }
  return failed;
}

const notSent = (error: string): Forwarded => ({ status: null, duration_ms: 0, error });

function line(
  { id, job_id, event }: Callback,
  bytes: number | null,
  answer: Forwarded,
  accepted: boolean,
): string {
  const time = new Date().toISOString().slice(11, 19);
  const said =
    answer.status === null
      ? answer.error
      : `${answer.status}  ${answer.duration_ms} ms  ${oneLine(answer.response_body).slice(0, SHOWN_ANSWER)}`;
  const size = bytes === null ? '' : `${bytes} bytes  `;
  return `${time}  ${event}  ${job_id ?? id}  ${size}${accepted ? '✓' : '✗'} ${said}`.trimEnd();
}
