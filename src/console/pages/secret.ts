import { Router } from 'express';
import { z } from 'zod';
import { readAccount, rotateWebhookSecret } from '../../accounts/accounts.ts';
import type { SecretBox } from '../../accounts/secrets.ts';
import { parseValue } from '../../api/json-body.ts';
import type { Context } from '../../context.ts';
import { confirmed, postButton, postForm, select } from '../forms.ts';
import { html, type Html } from '../html.ts';
import { sendPage } from '../layout.ts';
import { copyable, exactTime } from '../parts.ts';
import { sessionOf } from '../visitor.ts';

const OVERLAPS = [
  ['0', 'not at all: the old one stops now'],
  ['3600', 'for an hour'],
  ['86400', 'for a day'],
  ['604800', 'for a week'],
] as const;
const rotateForm = z.object({ overlap_seconds: z.enum(OVERLAPS.map(([seconds]) => seconds)).transform(Number) });

/** The secret that signs callbacks: shown only when asked for, and replaced with or without an overlap. */
export function secretPages({ db }: Context, box: SecretBox): Router {
  const router = Router();

  router.get('/secret', async (_req, res) => {
    const account = await readAccount(db, box, sessionOf(res).account_id);
    const hidden = html`<p><code>whsec_••••••••••••••••</code></p>
      ${postButton(res, '/console/secret/reveal', 'Reveal', 'button')}`;
    sendPage(res, page(hidden, account.previous_secret_until, rotation()));

    function rotation(): Html {
      const form = postForm(
        res,
        '/console/secret/rotate',
        html`${select('The old secret still signs beside the new one', 'overlap_seconds', OVERLAPS, '86400')}
          <button class="button danger">Rotate the secret</button>`,
        'stack',
      );
      return confirmed(
        'Rotate',
        'Your receivers need the new secret before the old one stops. During the overlap both signatures are sent, the old one last.',
        form,
      );
    }
  });

  router.post('/secret/reveal', async (_req, res) => {
    const account = await readAccount(db, box, sessionOf(res).account_id);
    sendPage(res, page(shown(account.webhook_secret), account.previous_secret_until, null));
  });

  router.post('/secret/rotate', async (req, res) => {
    const { overlap_seconds } = parseValue(req.body, rotateForm);
    const rotated = await rotateWebhookSecret(db, box, sessionOf(res).account_id, overlap_seconds);
    const said = html`<p class="notice" role="status">
        This is the new secret. Every attempt from now on is signed with it.
      </p>
      ${shown(rotated.webhook_secret)}`;
    sendPage(res, page(said, rotated.previous_secret_until, null));
  });

  return router;
}

const shown = (secret: string) =>
  html`<p>${copyable(secret, 'the secret')}</p>
    <p><a href="/console/secret">Hide it</a></p>`;

function page(secret: Html, previousUntil: Date | null, rotation: Html | null) {
  const body = html`<p class="lead">
      It signs every callback. Your receiver checks the signature over the raw body with it.
    </p>
    <section class="card" aria-label="Webhook secret">
      ${secret} ${previousUntil && html`<p>The previous secret signs beside it until ${exactTime(previousUntil)}.</p>`}
      ${rotation}
    </section>`;
  return { title: 'Webhook secret', section: 'Secret', body };
}
