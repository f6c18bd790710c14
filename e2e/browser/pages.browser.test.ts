/// <reference lib="dom" />
/** Every page and dialog, light and dark, wide and narrow, over seeded networks: it shows what it should and complains of nothing. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrive } from './arrive.ts';
import { openBrowser, openPage, picture, signIn } from './browser.ts';
import { complaintsOf, settled } from './complaints.ts';
import { dialogsOf } from './dialogs.ts';
import { type Fixture, startFixture } from './fixture.ts';
import { type Place, pagesOf } from './places.ts';

let fixture: Fixture;
let browser: Browser;
beforeAll(async () => {
  [fixture, browser] = await Promise.all([startFixture(), openBrowser()]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await fixture?.stop();
});

const LOOKS = ['light', 'dark'] as const;

describe.each([1440, 375])('light and dark at %i px', (width) => {
  test('every page', () => visit(pagesOf(fixture), width));
  test('every dialog and every plan', () => visit(dialogsOf(fixture), width));
});

/** Each place shows what it should, fits, can be read and named, and complains of nothing. */
async function visit(places: readonly Place[], width: number) {
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const { page, problems } = await openPage(context, fixture.baseUrl);
  let here: Place['by'] = 'anybody';
  for (const place of places) {
    if (place.by !== here) {
      await context.clearCookies();
      here = place.by;
      if (here !== 'anybody')
        await signIn(page, fixture.baseUrl, here === 'newcomer' ? fixture.newcomer : fixture.person);
    }
    await page.goto(fixture.baseUrl + place.path);
    await place.first?.(page);
    await page.getByText(place.shows).first().waitFor({ state: 'attached' });
    for (const look of LOOKS) {
      await page.emulateMedia({ colorScheme: look });
      await settled(page);
      await picture(page, `${place.name}-${look}-${width}`);
      expect.soft(await complaintsOf(page), `${place.name}, ${look}`).toEqual([]);
    }
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(tooWide, `${place.name} is wider than the screen`).toBeLessThanOrEqual(0);
    const expected = (one: string) =>
      place.refused !== undefined && one.includes(`status of ${place.refused}`);
    const unexpected = problems.splice(0).filter((one) => !expected(one));
    expect.soft(unexpected, place.name).toEqual([]);
  }
  await context.close();
}

describe('at the keyboard and live', () => {
  test('the skip link comes first, and leads to the content', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(fixture.baseUrl);
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content');
    await context.close();
  });

  test('a peer is chosen with the keyboard or the pointer, told about, and left with Escape', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/networks/${fixture.networkId}/topology`);
    const peer = page.locator('[data-peer="gw-1"]').first();
    await peer.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'About gw-1' }).waitFor();
    // The graph makes room for the pane: all of it stays in sight.
    const edge = async () => {
      const [graph, cloud] = await Promise.all([
        page.locator('figure').boundingBox(),
        page.locator('.react-flow__node-cloud').last().boundingBox(),
      ]);
      return graph && cloud ? graph.x + graph.width - (cloud.x + cloud.width) : Number.NaN;
    };
    await expect.poll(edge).toBeGreaterThan(0);
    await picture(page, 'topology-chosen-light-1440');
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'About gw-1' }).waitFor({ state: 'detached' });
    await page.locator('[data-peer="node-1"]').first().click();
    await page.getByRole('complementary', { name: 'About node-1' }).waitFor();
    await context.close();
  });

  test('the colours chosen are kept', async () => {
    const context = await browser.newContext({ colorScheme: 'light' });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    await page.getByRole('button', { name: 'Dark', exact: true }).click();
    await expect.poll(paper).not.toBe(light);
    const dark = await paper();
    await page.reload();
    expect(await paper()).toBe(dark);
    await context.close();
  });

  test('a retried step is seen to wait again', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/operations/${fixture.growthId}`);
    await page.locator('[data-step-state="failed"]').getByRole('button', { name: 'Retry' }).click();
    await page.locator('[data-step-state="failed"]').waitFor({ state: 'detached' });
    await context.close();
  });

  test('the one-liner turns green when its agent connects', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/networks/${fixture.networkId}/clusters`);
    await page.getByRole('button', { name: 'Add nodes' }).first().click();
    await page.getByRole('button', { name: 'Show the command' }).click();
    await page.locator('[data-arrival="waiting"]').waitFor();
    const token = /--token (skj_\w+)/.exec((await page.locator('code').textContent()) ?? '')?.[1];
    await arrive(fixture, token ?? '');
    await page.locator('[data-arrival="connected"]').waitFor();
    await picture(page, 'one-liner-connected-light-1280');
    await context.close();
  });

  test('join tokens of a cluster are listed and revoked', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/networks/${fixture.networkId}/clusters`);
    await page.getByText('Join tokens of recovery').click();
    await page.getByText('No token yet').waitFor();
    await page.getByText('Join tokens of production').click();
    const table = page.getByRole('table', { name: 'Join tokens of production' });
    await table.getByText('5 of 5').waitFor();
    await picture(page, 'join-tokens-light-1280');
    await page.setViewportSize({ width: 375, height: 800 });
    await picture(page, 'join-tokens-light-375');
    await table.getByRole('button', { name: 'Revoke the token that begins with skj_' }).click();
    await page.getByRole('button', { name: 'Revoke the token', exact: true }).click();
    await table.locator('[data-state="revoked"]').waitFor();
    expect(await table.getByRole('button').count()).toBe(0);
    await context.close();
  });

  test('a peer is let be a relay, and is one no more', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/networks/${fixture.restingId}/peers`);
    const work = (words: string) =>
      page.getByRole('button', { name: `node-1 of warehouse works as ${words}. Change it`, exact: true });
    const change = async (to: 'yes' | 'no') => {
      const dialog = page.getByRole('dialog');
      expect(await dialog.getByLabel('In its cluster').isDisabled()).toBe(true);
      await dialog.getByLabel('For pairs without a way of their own').selectOption(to);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await work('Member').click();
    await change('yes');
    await work('Member, relay').waitFor();
    // It is so for everybody who looks.
    await page.reload();
    await work('Member, relay').click();
    await change('no');
    await work('Member').waitFor();
    await context.close();
  });

  test('new keys that the cloud refuses change nothing, and say so', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/cloud-accounts`);
    await page.getByRole('button', { name: 'New keys for Google Cloud, development' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Service account key').fill('not the file');
    await dialog.getByRole('button', { name: 'Replace the keys' }).click();
    await dialog.getByText('this is no JSON').waitFor();
    // A key that signs nothing: the cloud itself is never called.
    const file = { project_id: 'shop-dev', client_email: 'skein@shop-dev.example', private_key: 'torn' };
    await dialog.getByLabel('Service account key').fill(JSON.stringify(file));
    await dialog.getByRole('button', { name: 'Replace the keys' }).click();
    await dialog.getByText('Nothing was changed').waitFor();
    await picture(page, 'new-keys-light-1280');
    await context.close();
  });

  test('an API token is told once', async () => {
    const context = await browser.newContext();
    const { page } = await openPage(context, fixture.baseUrl);
    await signIn(page, fixture.baseUrl, fixture.person);
    await page.goto(`${fixture.baseUrl}/tokens`);
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('a script');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const token = await page.locator('code', { hasText: /^skn_/ }).textContent();
    const me = await fetch(`${fixture.baseUrl}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(me.status).toBe(200);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('rowheader', { name: 'a script' }).waitFor();
    expect((await page.content()).includes(token ?? '')).toBe(false);
    await context.close();
  });
});
