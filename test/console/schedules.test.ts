import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBrowser, startBrowser } from '../support/browser/browser.ts';
import { look as lookAt, signIn, WIDE } from '../support/browser/console.ts';
import { startReceiver } from '../support/receiver.ts';
import { shareTestService } from '../support/shared-service.ts';
import { eventually } from '../support/wait.ts';
import { startChangingSite } from '../schedules/origin.ts';

test(
  'a schedule is made, run, changed, held and deleted by hand',
  { skip: noBrowser, timeout: 300_000 },
  async () => {
    await using service = await shareTestService();
    await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.' });
    await using receiver = await startReceiver();
    await using browser = await startBrowser();
    site.put('/', 'Home.', ['/a', '/b']);
    const page = await browser.open({ viewport: WIDE });

    const look = (name: string) => lookAt(page, name);
    const press = async (name: string) => await page.getByRole('button', { name, exact: true }).click();
    /** Runs the schedule, and waits until the run has ended. */
    async function run(number: number, status = 'completed'): Promise<void> {
      await press('Run now');
      await page.getByText('The run has begun.').waitFor();
      const [{ schedule_id }] = (await service.api('GET', '/v1/schedules')).json.data;
      await eventually(async () => {
        const { last_run } = (await service.api('GET', `/v1/schedules/${schedule_id}`)).json;
        return last_run.run === number && last_run.status === status;
      }, 120_000);
      await page.reload();
    }

    await signIn(page, service);
    await page.getByRole('link', { name: 'Schedules', exact: true }).click();
    await page.getByText('No schedule yet.').waitFor();
    await page.getByRole('link', { name: 'Make a schedule' }).click();
    await page.getByRole('link', { name: 'A whole site' }).click();
    await page.getByLabel('Name').fill('Docs');
    await page.getByLabel('Start URL').fill(site.url('/'));
    await page.getByLabel('Webhook URL').fill(receiver.url());
    await page.getByLabel('With diffs').selectOption('yes');
    await press('Make a schedule');
    await page.getByText('Give cron or every_seconds, one of them.').waitFor();
    await look('schedules-refused');
    await page.getByLabel('Cron').fill('0 6 * * 1-5');
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    await press('Make a schedule');
    await page.getByText('It has not run yet.').waitFor();

    await run(1);
    await page.getByText('3 added').waitFor();
    await run(2);
    await page.getByText('nothing in 3').waitFor();
    site.put('/', 'Home.', ['/a', '/c']);
    site.put('/a', 'One, again.');
    site.put('/c', 'Three.');
    await run(3);
    await page.getByText('1 added, 2 changed, 1 removed').waitFor();
    await look('schedule');
    const paths = ['/', '/a', '/c'];
    const shown = paths.map((path) => site.routes.get(path)!);
    for (const path of paths) site.routes.set(path, { status: 302, headers: { location: path }, body: '' });
    await run(4, 'failed');
    await page.getByText('Run 4 failed: see its job. Nothing was delivered.').waitFor();
    await look('schedule-failed');
    for (const [n, path] of paths.entries()) site.routes.set(path, shown[n]!);

    await page.getByRole('link', { name: 'Run 3' }).click();
    await page.getByRole('heading', { name: 'Changes' }).waitFor();
    await page.getByText('1 removed page').click();
    await page.getByText(site.url('/b')).waitFor();
    await look('schedule-job');
    await page.getByRole('link', { name: '/a', exact: false }).first().click();
    await page.getByRole('tab', { name: 'Diff' }).click();
    await page.getByRole('group', { name: 'Diff' }).getByText('+One, again.').waitFor();
    await look('schedule-page');

    await page.getByRole('link', { name: 'Schedules', exact: true }).click();
    await look('schedules');
    await page.getByRole('main').getByRole('link', { name: 'Docs', exact: true }).click();
    await page.getByLabel('Cron').fill('nonsense');
    await press('Save');
    await page.getByText('five fields').waitFor();
    await page.getByLabel('Cron').fill('');
    await press('Save');
    await page.getByText('Give cron or every_seconds, one of them.').waitFor();
    await page.getByLabel('or every … seconds').fill('3600');
    await press('Save');
    await page.getByText('Saved.').waitFor();
    await page.getByText('every 1.0 h').waitFor();
    await press('Pause');
    await page.getByText('It does not run until you resume it.').waitFor();
    await press('Resume');
    await page.getByText('It runs at its next time.').waitFor();
    await page.getByText('Delete…').click();
    await press('Delete the schedule');
    await page.getByText('The schedule is deleted.').waitFor();
    assert.equal((await receiver.received(2)).length, 2);
  },
);
