import type { Command } from 'commander';

/** A command that calls the service over HTTP, with the options that say which one and as whom. */
export function clientCommand(program: Command, nameAndArguments: string, description: string): Command {
  return program
    .command(nameAndArguments)
    .description(description)
    .option('--service <url>', 'where the service is (default: OLLAGRAPH_URL, or http://localhost:PORT)')
    .option('--key <key>', 'your API key (default: OLLAGRAPH_API_KEY)');
}
