import type { Command } from 'commander';
import { webUrl } from '../arguments.ts';
import { CliError } from '../failure.ts';
import { print } from '../output.ts';
import type { Delivery } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';
import { describeDelivery } from './deliveries.ts';

/** `webhooks test`. */
export function addWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description('try a receiver');
  clientCommand(webhooks, 'test', 'send one signed test delivery, and show its first attempt')
    .argument('<url>', 'the receiver, like https://example.com/hook', webUrl)
    .action(async (webhook_url: string, options: Connection, command: Command) => {
      const delivery = await connect(command).post<Delivery>('/v1/me/webhooks/test', { webhook_url });
      print(command, delivery, describeDelivery(delivery));
      if (delivery.status !== 'delivered')
        throw new CliError(
          delivery.last_error === null
            ? 'The receiver has not answered yet.'
            : `The receiver did not accept it: ${delivery.last_status ?? delivery.last_error}.`,
        );
    });
}
