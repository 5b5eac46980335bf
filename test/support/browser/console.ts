import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { TestService } from '../service.ts';
import { assertAccessible } from './browser.ts';

/** Where pictures of the pages go, for somebody to look at; none are taken without it. */
const PICTURES = process.env.CONSOLE_PICTURES;
export const WIDE = { width: 1280, height: 900 };
/** From a phone to a desktop, with the widths between which layouts change. */
const WIDTHS = [390, 768, 1024, 1180, 1280];
const PICTURED = [390, 768, 1280];

/** Signs in to the console with the service's own account. */
export async function signIn(page: Page, { api, account }: TestService): Promise<void> {
  await page.goto(`${api.origin}/console/sign-in`);
  await page.getByLabel('API key').fill(account.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

/**
 * Fails where a page is too wide for a window, at all widths, or not accessible, in both colour
 * schemes. The dark one is looked at in the widest window alone: it changes colours only. Takes
 * pictures where they are wanted.
 */
export async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const widths = colorScheme === 'dark' && PICTURES === undefined ? WIDTHS.slice(-1) : WIDTHS;
    for (const width of widths) {
      await page.setViewportSize({ ...WIDE, width });
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - window.innerWidth',
      );
      assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
      if (PICTURES === undefined || !PICTURED.includes(width)) continue;
      await mkdir(PICTURES, { recursive: true });
      await page.screenshot({ path: `${PICTURES}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    }
    // Of the other rules none depends on colours.
    await assertAccessible(page, colorScheme === 'dark' ? ['color-contrast'] : undefined);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
}
