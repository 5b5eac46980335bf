import type { Command } from 'commander';
import { resealSecrets } from '../../accounts/reseal.ts';
import { createSecretBox } from '../../accounts/secrets.ts';
import { openMigratedSession } from './database-session.ts';
import { CliError } from '../failure.ts';
import { print } from '../output.ts';

/** `secrets reseal`. */
export function addSecrets(program: Command): void {
  const secrets = program.command('secrets').description('how secrets are kept at rest');

  secrets
    .command('reseal')
    .description('seal every secret with SECRET_KEY; what SECRET_KEY_PREVIOUS sealed is opened with that')
    .action(async (_options: object, command: Command) => {
      await using session = await openMigratedSession(command);
      const { secretKey, secretKeyPrevious } = session.config;
      if (secretKey === undefined) throw new CliError('SECRET_KEY is not set.');
      const accounts = await resealSecrets(session.db, createSecretBox(secretKey, secretKeyPrevious));
      print(command, { accounts }, `Sealed the secrets of ${accounts} accounts with SECRET_KEY.`);
    });
}
