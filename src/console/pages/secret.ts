import { Router, type Response } from 'express';
import { z } from 'zod';
import { readAccount, rotateWebhookSecret } from '../../accounts/accounts.ts';
import type { SecretBox } from '../../accounts/secrets.ts';
import { parseValue } from '../../http/route/validate.ts';
import type { Context } from '../../context.ts';
import { confirmed, postButton, postForm, select } from '../view/forms.ts';
import { html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { exactTime } from '../view/format.ts';
import { copyable } from '../view/parts.ts';
import { auditPage, sessionOf } from '../session/browser-session.ts';

const OVERLAPS = [
  ['0', 'not at all: the old one stops now'],
  ['3600', 'for an hour'],
  ['86400', 'for a day'],
  ['604800', 'for a week'],
] as const;
const rotateForm = z.object({
  overlap_seconds: z.enum(OVERLAPS.map(([seconds]) => seconds)).transform(Number),
});

/**
 * The secret that signs callbacks: shown only when asked for, and replaced with or without an
 * overlap.
 */
export function secretPages({ db }: Context, box: SecretBox): Router {
  const router = Router();

  router.get('/secret', async (_req, res) => {
    const account = await readAccount(db, box, sessionOf(res).account_id);
    show(res, html`<p><code>whsec_••••••••••••••••</code></p>`, account.previous_secret_until, [
      postButton(res, '/console/secret/reveal', 'Reveal'),
      rotation(res),
    ]);
  });

  router.post('/secret/reveal', async (_req, res) => {
    const account = await readAccount(db, box, sessionOf(res).account_id);
    show(res, html`<p>${copyable(account.webhook_secret, 'the secret')}</p>`, account.previous_secret_until, [
      hide,
    ]);
  });

  router.post('/secret/rotate', async (req, res) => {
    const { overlap_seconds } = parseValue(req.body, rotateForm);
    const rotated = await rotateWebhookSecret(db, box, sessionOf(res).account_id, overlap_seconds);
    await auditPage(db, res, 'secret.rotate');
    const said = html`<p class="notice" role="status">
        This is the new secret. Every attempt from now on is signed with it.
      </p>
      <p>${copyable(rotated.webhook_secret, 'the secret')}</p>`;
    show(res, said, rotated.previous_secret_until, [hide]);
  });

  return router;
}

const hide = html`<a class="button" href="/console/secret">Hide it</a>`;

function show(res: Response, secret: Html, previousUntil: Date | null, actions: Html[]): void {
  const body = html`<p class="lead">
      It signs every callback. Your receiver checks the signature over the raw body with it.
    </p>
    <section class="card" aria-label="Webhook secret">
      ${secret}
      ${previousUntil && html`<p>The previous secret signs beside it until ${exactTime(previousUntil)}.</p>`}
      <div class="actions">${actions}</div>
    </section>`;
  sendPage(res, { title: 'Webhook secret', section: 'Secret', body });
}

function rotation(res: Response): Html {
  const form = postForm(
    res,
    '/console/secret/rotate',
    html`${select({
        label: 'The old secret still signs beside the new one',
        name: 'overlap_seconds',
        options: OVERLAPS,
        value: '86400',
      })} <button class="button danger">Rotate the secret</button>`,
    'stack',
  );
  return confirmed(
    'Rotate',
    'Your receivers need the new secret before the old one stops. During the overlap both ' +
      'signatures are sent, the old one last.',
    form,
  );
}
