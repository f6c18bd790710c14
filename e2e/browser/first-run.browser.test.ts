/**
 * The whole first run as a person has it, in a real browser against a running Skein with its lab: from the one-time
 * link to a network over three clouds whose links are up. Needs the file that `config.ts` describes.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage, picture, signIn } from './browser.ts';
import { type FirstRun, readFirstRun } from './config.ts';

const OPERATION_MILLISECONDS = 150_000;
const LINKS_MILLISECONDS = 60_000;
const person = { email: 'grace@example.com', password: 'a skein of many threads' };

let run: FirstRun;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let problems: string[];

beforeAll(async () => {
  run = readFirstRun();
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  ({ page, problems } = await openPage(context, run.publicUrl));
});
afterAll(async () => {
  await browser?.close();
});

test('from the set-up link to a network whose links are up', async () => {
  await setUp();
  await addAccounts();
  await makeNetwork();
  await page.locator('header [data-state="succeeded"]').waitFor({ timeout: OPERATION_MILLISECONDS });
  expect(await page.locator('[data-step-state="failed"]').count()).toBe(0);
  await picture(page, 'first-run-operation');
  await seeTopology();
  await seePeersAndNames();
  await seeOneLiner();
  expect(problems).toEqual([]);
});

async function setUp() {
  await page.goto(run.setupLink);
  await page.getByLabel('Organization').fill('First run');
  await page.getByLabel('Your name').fill('Grace');
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('heading', { level: 1, name: 'Networks' }).waitFor();

  await page.goto(run.setupLink);
  await page.getByRole('heading', { name: 'This link was used already' }).waitFor();
  await context.clearCookies();
  await page.goto(run.publicUrl);
  await page.waitForURL('**/sign-in');
  await signIn(page, run.publicUrl, person);
}

async function addAccounts() {
  const { aws, gcp, azure } = run.accounts;
  await page.goto(`${run.publicUrl}/cloud-accounts`);
  await addAccount('aws', 'First AWS', aws.endpoint, async () => {
    await page.getByLabel('Access key ID').fill(aws.accessKeyId);
    await page.getByLabel('Secret access key').fill(aws.secretAccessKey);
  });
  await addAccount('gcp', 'First Google Cloud', gcp.endpoint, async () => {
    await page.getByLabel('Service account key').fill(JSON.stringify(gcp.key));
  });
  await addAccount('azure', 'First Azure', azure.endpoint, async () => {
    await page.getByLabel('Directory (tenant) ID').fill(azure.tenantId);
    await page.getByLabel('Subscription ID').fill(azure.subscriptionId);
    await page.getByLabel('Application (client) ID').fill(azure.clientId);
    await page.getByLabel('Client secret').fill(azure.clientSecret);
  });
  await picture(page, 'first-run-accounts');
}

async function addAccount(provider: string, name: string, endpoint: string, fill: () => Promise<void>) {
  await page.getByRole('button', { name: 'Add an account' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a cloud account' });
  await dialog.getByLabel('Cloud', { exact: true }).selectOption(provider);
  await dialog.getByLabel('Name').fill(name);
  await fill();
  await dialog.getByText('Another endpoint').click();
  await dialog.getByLabel('Endpoint').fill(endpoint);
  await dialog.getByRole('button', { name: 'Add the account' }).click();
  await dialog.waitFor({ state: 'detached', timeout: 30_000 });
  await page.getByRole('row', { name }).locator('[data-state="verified"]').waitFor();
}

async function makeNetwork() {
  await page.goto(`${run.publicUrl}/networks/new`);
  await page.getByLabel('Name', { exact: true }).fill('first');
  await page.getByLabel('DNS zone').fill('first.skein.test');
  for (const _ of ['development', 'analytics'])
    await page.getByRole('button', { name: 'Add a cluster' }).click();
  await cluster(0, 'production', 'First AWS', 'us-east-1');
  await cluster(1, 'development', 'First Google Cloud', 'us-central1');
  await cluster(2, 'analytics', 'First Azure', 'westeurope');
  await page.getByLabel('Port', { exact: true }).fill('8080');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('button', { name: 'Show the plan' }).click();

  await page.getByRole('heading', { name: 'The plan for first' }).waitFor();
  await page.getByRole('heading', { name: 'production' }).waitFor();
  await page.getByText('Security group').first().waitFor();
  await picture(page, 'first-run-plan');
  await page.getByRole('button', { name: 'Make this network' }).click();
  await page.waitForURL('**/operations/op_*');
}

async function cluster(at: number, name: string, account: string, region: string) {
  const row = page.locator('fieldset').nth(at);
  await row.getByLabel('Cluster', { exact: true }).fill(name);
  await row.getByLabel('Made in').selectOption({ label: account });
  await row.getByLabel('Region').selectOption(region);
}

async function seeTopology() {
  await page.getByRole('link', { name: 'See the topology' }).click();
  await page.locator('[data-peer]').nth(5).waitFor();
  await page.locator('[data-link="up"]').first().waitFor({ timeout: LINKS_MILLISECONDS });
  await page
    .locator('[data-link="up"]', { hasText: /\d ms$/ })
    .first()
    .waitFor({ timeout: LINKS_MILLISECONDS });
  await picture(page, 'first-run-topology');
}

async function seePeersAndNames() {
  const tabs = page.getByRole('navigation', { name: 'Views of first' });
  await tabs.getByRole('link', { name: 'Peers' }).click();
  const peers = page.getByRole('table', { name: 'Peers of this network' });
  await peers.waitFor();
  await expect
    .poll(() => peers.locator('tbody [data-state="connected"]').count(), { timeout: 30_000 })
    .toBe(6);
  await tabs.getByRole('link', { name: 'DNS' }).click();
  await page.getByText('gw-1.production.first.skein.test').waitFor();
}

async function seeOneLiner() {
  const tabs = page.getByRole('navigation', { name: 'Views of first' });
  await tabs.getByRole('link', { name: 'Clusters' }).click();
  await page.getByRole('button', { name: 'Add nodes' }).first().click();
  await page.getByRole('button', { name: 'Show the command' }).click();
  await page.getByText(/^curl -fsSL .*\/install\.sh \| sh -s -- --token skj_\w+$/).waitFor();
  await page.locator('[data-arrival="waiting"]').waitFor();
  await picture(page, 'first-run-one-liner');
}
