import type { Command } from 'commander';
import { CliError } from '../failure.ts';
import { invocationOf } from '../invocation.ts';
import type { CallApi } from '../../mcp/call.ts';
import { VERSION } from '../../version.ts';
import { connect, type Api, type Connection } from './api.ts';
import { clientCommand } from './command.ts';

/** `mcp`: the Model Context Protocol over standard input and output. */
export function addMcp(program: Command): void {
  clientCommand(program, 'mcp', 'serve tools for a model over standard input and output (MCP)').action(
    async (_options: Connection, command: Command) => {
      const api = connect(command);
      const { stdin, stdout } = invocationOf(command);
      const [{ StdioServerTransport }, { createMcpServer }] = await Promise.all([
        import('@modelcontextprotocol/sdk/server/stdio.js'),
        import('../../mcp/server.ts'),
      ]);
      const server = createMcpServer(overHttp(api), api.url, VERSION);
      await server.connect(new StdioServerTransport(stdin, stdout));
      await new Promise<void>((resolve) => stdin.once('close', resolve));
      await server.close();
    },
  );
}

function overHttp(api: Api): CallApi {
  return async ({ method, path, body }, signal) => {
    try {
      const json =
        method === 'GET'
          ? await api.get<unknown>(path, {}, signal)
          : await api.post<unknown>(path, body, signal);
      return { ok: true, text: JSON.stringify(json) };
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return { ok: false, reason: error.message };
    }
  };
}
