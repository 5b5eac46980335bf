import { listAudit, type RecordedAction } from '../../../accounts/audit.ts';
import type { Db } from '../../../database/tables.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { time } from '../../view/format.ts';
import { table } from '../../view/table.ts';

const SHOWN = 50;

/** What the keys of an account did last, from the audit; from `before` on where it is given. */
export async function keyActions(db: Db, accountId: string, before: string | undefined): Promise<Html> {
  const found = await listAudit(db, accountId, { before, limit: SHOWN + 1 });
  const actions = found.slice(0, SHOWN);
  const more =
    found.length > SHOWN && html`<p><a href="/console/keys?before=${actions.at(-1)!.id}">Older</a></p>`;
  const columns = [
    { label: 'When', cell: (action: RecordedAction) => time(action.created_at) },
    { label: 'What', head: true, cell: whatOf },
    { label: 'Who', cell: whoOf },
  ];
  return html`<section>
    <h2>What was done</h2>
    ${table('Actions, newest first', columns, actions, html`<p>Nothing yet.</p>`)} ${more}
  </section>`;
}

function whatOf({ action, target }: RecordedAction): Html {
  return html`<code>${action}</code>${target !== null && targetOf(target)}`;
}

/** Where things are shown, by the prefix of their ids. */
const PAGES = new Map([
  ['job_', 'jobs'],
  ['dlv_', 'deliveries'],
  ['sch_', 'schedules'],
]);

function targetOf(target: string): Html {
  const page = PAGES.get(target.slice(0, 4));
  return page === undefined
    ? html`<span class="sub">${target}</span>`
    : html`<a class="cut" href="/console/${page}/${target}">${target}</a>`;
}

/** Who, how, and from which address. */
function whoOf({ actor, key_id, key_name, ip }: RecordedAction): Html {
  if (actor === 'operator') return html`an operator`;
  const how = { key: null, console: 'in the console', service: 'by the service' }[actor];
  const from = ip !== null && `from ${ip}`;
  const sub = [how, from].filter(Boolean).join(', ');
  return html`${key_name ?? key_id ?? '–'}${sub !== '' && html` <span class="sub">${sub}</span>`}`;
}
