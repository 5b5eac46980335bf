import type { Command } from 'commander';
import { print, printList } from '../output.ts';
import type { ChangedEndpoint, Endpoint } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';

/** `endpoints list|pause|resume`. */
export function addEndpoints(program: Command): void {
  const endpoints = program.command('endpoints').description('the hosts that receive your callbacks');

  clientCommand(endpoints, 'list', 'how each one does, with figures of the last 24 hours').action(
    async (options: Connection, command: Command) => {
      const found = await Array.fromAsync(connect(command).list<Endpoint>('/v1/endpoints'));
      printList(command, found, [
        { name: 'endpoint', of: (row) => row.endpoint },
        { name: 'status', of: (row) => row.status },
        { name: 'accepted', of: (row) => percent(row.success_rate), numeric: true },
        { name: 'attempts', of: (row) => row.attempts, numeric: true },
        { name: 'p95_ms', of: (row) => row.p95_ms && Math.round(row.p95_ms), numeric: true },
        { name: 'pending', of: (row) => row.backlog, numeric: true },
        { name: 'last', of: (row) => row.last_error ?? row.last_status },
      ]);
    },
  );

  for (const [name, description, done] of [
    ['pause', 'hold all deliveries to an endpoint; none is dropped', 'is paused: its deliveries wait'],
    ['resume', 'send what waits for a paused endpoint', 'is active: what waited is sent now'],
  ] as const) {
    clientCommand(endpoints, `${name} <endpoint>`, description).action(
      async (endpoint: string, options: Connection, command: Command) => {
        const path = `/v1/endpoints/${encodeURIComponent(endpoint)}/${name}`;
        const changed = await connect(command).post<ChangedEndpoint>(path);
        print(command, changed, `${changed.endpoint} ${done}.`);
      },
    );
  }
}

const percent = (share: number | null) => (share === null ? null : `${Math.floor(share * 100)} %`);
