/// <reference lib="dom" />
/** The policy as a person edits it: tests beside it say at once what fails, and nothing is saved until they hold. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBrowser, openPage, signIn } from './browser.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [fixture, browser] = await Promise.all([startFixture(), openBrowser()]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await fixture?.stop();
});
beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  ({ page } = await openPage(context, fixture.baseUrl));
  await signIn(page, fixture.baseUrl, fixture.person);
});

const go = (view: string) => page.goto(`${fixture.baseUrl}/networks/${fixture.networkId}${view}`);

test('a policy whose test fails is not saved; mended it is, and open ports are its business from then on', async () => {
  await go('/policy');
  await page.getByText('No test stands beside this policy').waitFor();
  const area = page.getByLabel('Rules and tests, as JSON');
  const policy = JSON.parse(await area.inputValue());
  policy.tests.push({ from: 'cluster:production', to: 'cluster:recovery', protocol: 'icmp', expect: 'deny' });
  await area.fill(JSON.stringify(policy));
  await page.getByText('1 of 1 tests fail').waitFor();
  await page.getByRole('button', { name: 'Save the policy' }).click();
  await page.getByText(/tests\.0: .* allowed by rule 1 \(ping\)/).waitFor();

  policy.rules.shift();
  await area.fill(JSON.stringify(policy));
  await page.getByText('All 1 tests hold').waitFor();
  await page.getByText('ping from').first().waitFor();
  await page.getByRole('button', { name: 'Save the policy' }).click();
  await page.getByText('Saved. Every connected agent').waitFor();
  await go('');
  await page.getByRole('link', { name: 'See the policy' }).waitFor();
});

test('who reaches whom is answered with the rule that decides', async () => {
  await go('/policy');
  await page.getByLabel('To', { exact: true }).fill('cluster:recovery');
  await page.getByLabel('Port').fill('8080');
  await page.getByRole('button', { name: 'Ask' }).click();
  const pairs = page.getByRole('table', { name: 'Pairs of peers and what decides' });
  await pairs.getByText('open tcp ports').first().waitFor();
});

test('labels are changed where peers are listed', async () => {
  await go('/peers');
  await page
    .getByRole('button', { name: /^Labels of/ })
    .first()
    .click();
  await page.getByLabel('Labels', { exact: true }).fill('tier: db');
  await page.getByRole('button', { name: 'Save the labels' }).click();
  await page.getByText('must be labels such as tier=web').waitFor();
  await page.getByLabel('Labels', { exact: true }).fill('tier=db');
  await page.getByRole('button', { name: 'Save the labels' }).click();
  await page.getByRole('button', { name: /tier=db/ }).waitFor();
  await page.reload();
  await expect.poll(() => page.getByRole('button', { name: /tier=db/ }).count()).toBe(1);
});
