/// <reference lib="dom" />
/** Changes as a person makes them: what is planned is read first, made exactly so, and refused where it is another by now. */
import { openDatabase } from '@skein/database/client.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBrowser, openPage, picture, signIn } from './browser.ts';
import { addNodes } from './dialogs.ts';
import { endOperations } from './ends.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [fixture, browser] = await Promise.all([startFixture(), openBrowser()]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await fixture?.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  ({ page } = await openPage(context, fixture.baseUrl));
  await signIn(page, fixture.baseUrl, fixture.person);
});
afterEach(async () => {
  await context?.close();
  // Only one thing is under way in a network at a time.
  await endOperations(fixture, fixture.restingId);
});

const resting = (view = '') => page.goto(`${fixture.baseUrl}/networks/${fixture.restingId}${view}`);
const plan = (name: string) => page.getByRole('dialog', { name });
const part = (dialog: ReturnType<typeof plan>, title: string) =>
  dialog.getByRole('group').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

test('adding nodes shows what it costs and how it is done, then does it', async () => {
  await resting('/clusters');
  await addNodes(page, 'warehouse');
  await page.getByLabel('Nodes', { exact: true }).fill('2');
  await page.getByRole('button', { name: 'Plan 2 nodes in AWS' }).click();
  const dialog = plan('Add 2 nodes to warehouse');
  const cost = part(dialog, 'Cost');
  await cost.getByText(/\$\d+\.\d\d → \$\d+\.\d\d a month/).waitFor();
  await cost.locator('summary').click();
  await dialog.getByRole('table', { name: 'Cost a month' }).waitFor();
  const steps = part(dialog, 'How');
  await steps.locator('summary').click();
  const titles = await steps.getByRole('listitem').allTextContents();
  expect(titles.length).toBeGreaterThan(1);
  await part(dialog, 'warehouse')
    .getByText(/member node-2 at/)
    .waitFor();
  await dialog.getByRole('button', { name: 'Make 2 nodes' }).click();
  await page.waitForURL('**/operations/op_*');
  // What is done is what was said.
  for (const title of titles) await page.getByText(title.replace(/^\d+/, '')).first().waitFor();
});

test('a plan that is another by now is refused in words, shown anew, and can then be made', async () => {
  await resting('/clusters');
  await addNodes(page, 'annex');
  await page.getByRole('button', { name: 'Plan 1 node in AWS' }).click();
  const dialog = plan('Add 1 node to annex');
  await dialog.getByText(/member node-2 at/).waitFor();

  // Meanwhile somebody else adds one.
  const clusters = await page.request.get(`${fixture.baseUrl}/api/v1/networks/${fixture.restingId}/clusters`);
  const { items } = (await clusters.json()) as { items: { id: string; name: string }[] };
  const annex = items.find((one) => one.name === 'annex');
  const other = await page.request.post(`${fixture.baseUrl}/api/v1/clusters/${annex?.id}/nodes`, {
    data: { count: 1 },
    headers: { origin: fixture.baseUrl },
  });
  expect(other.status()).toBe(202);
  expect(await endOperations(fixture, fixture.restingId)).toBe(1);

  await dialog.getByRole('button', { name: 'Make 1 node' }).click();
  await dialog
    .getByRole('alert')
    .getByText('What would be done has changed since you saw the plan')
    .waitFor();
  await dialog.getByText(/member node-3 at/).waitFor();
  expect(await dialog.getByText('An earlier operation has not made').count()).toBe(0);
  await picture(page, 'plan-stale-light-1440');
  expect(page.url()).toMatch(/\/clusters$/);
  await dialog.getByRole('button', { name: 'Make 1 node' }).click();
  await page.waitForURL('**/operations/op_*');
  await page.getByRole('heading', { level: 1, name: /annex/ }).waitFor();
});

test('a plan is reached and left with the keyboard alone, and what stood behind it has the focus again', async () => {
  await resting('/clusters');
  const inside = () => page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null);
  const remove = page.getByRole('button', { name: 'Remove warehouse' });
  await remove.focus();
  await page.keyboard.press('Enter');
  await plan('Remove warehouse?').getByLabel('Type “warehouse” to confirm').waitFor();
  await expect.poll(inside).toBe(true);
  for (let pressed = 0; pressed < 30; pressed++) await page.keyboard.press('Tab');
  expect(await inside()).toBe(true);
  await page.keyboard.press('Escape');
  await plan('Remove warehouse?').waitFor({ state: 'detached' });
  await expect.poll(() => remove.evaluate((one) => one === document.activeElement)).toBe(true);

  // From one dialog to the plan, and back.
  await addNodes(page, 'warehouse');
  await page.getByRole('button', { name: /^Plan 1 node/ }).focus();
  await page.keyboard.press('Enter');
  await plan('Add 1 node to warehouse').getByRole('button', { name: 'Make 1 node' }).waitFor();
  await expect.poll(inside).toBe(true);
  await page.keyboard.press('Escape');
  await plan('Add nodes to warehouse').waitFor();
  await expect.poll(inside).toBe(true);
});

test('the settings turn what is done about drift', async () => {
  await resting();
  const policy = page.getByLabel('When a cloud differs');
  await expect.poll(() => policy.inputValue()).toBe('ask');
  await policy.selectOption('report');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => policy.inputValue()).toBe('ask');
  await policy.selectOption('report');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByRole('button', { name: 'Change it so' }).click();
  await page.waitForURL('**/operations/op_*');
  await endOperations(fixture, fixture.restingId);
  await resting();
  await expect.poll(() => policy.inputValue()).toBe('report');
  await resting('/drift');
  await page.getByText('What is found is only told').waitFor();
});

test('a difference is told with who made it, is mended on demand, and another is dismissed', async () => {
  await resting('/drift');
  const finding = (key: string) => page.getByRole('listitem').filter({ hasText: key });
  const rule = finding('firewall/gateway');
  await rule.getByText(/grace@example\.com/).waitFor();
  await rule.getByText('RevokeSecurityGroupIngress').waitFor();
  await rule.getByText('open from 203.0.113.10/32').waitFor();
  await rule.getByRole('button', { name: /^Mend/ }).click();
  await rule.locator('[data-state="healing"]').waitFor();
  const machine = finding('skein-depot-analytics-westeurope');
  await machine.getByRole('button', { name: /^Dismiss/ }).click();
  await machine.locator('[data-state="dismissed"]').waitFor();
  await picture(page, 'drift-mending-light-1440');
  await rule.getByRole('link', { name: 'Watch it being mended' }).click();
  await page.getByRole('heading', { level: 1, name: 'Mend firewall/gateway of warehouse' }).waitFor();

  const database = openDatabase(fixture.databaseUrl);
  try {
    const made = await database.operation.findMany({
      where: { networkId: fixture.restingId, kind: 'heal' },
      include: { steps: true },
    });
    expect(made.map(({ state }) => state)).toEqual(['queued']);
    expect(made[0]?.steps.map((step) => step.key)).toContain('warehouse/firewall');
  } finally {
    await database.$disconnect();
  }
});

test('a preflight names what is missing, and the document to paste grants it', async () => {
  await page.goto(`${fixture.baseUrl}/cloud-accounts`);
  await page.getByRole('link', { name: 'AWS, limited' }).click();
  await page.getByLabel('Region').selectOption('us-east-1');
  await page.getByText('Not looked at yet').waitFor();
  await page.getByRole('button', { name: 'Look', exact: true }).click();
  const table = page.getByRole('table', { name: 'Missing in us-east-1' });
  const missing = table.getByRole('rowheader', { name: /^ec2:/ });
  await missing.first().waitFor();
  const document = await page.locator('figure pre').first().textContent();
  for (const action of await missing.allTextContents()) expect(document).toContain(action);
  // What is asked of the cloud once is kept.
  await page.reload();
  await page.getByLabel('Region').selectOption('us-east-1');
  await table.waitFor();
});
