/** Every dialog and every plan that the dashboard shows, and how a person comes to it. */
import type { Page } from 'playwright-core';
import type { Known, Place } from './places.ts';

const press = (page: Page, name: string | RegExp, at = 0) =>
  page
    .getByRole('button', typeof name === 'string' ? { name, exact: true } : { name })
    .nth(at)
    .click();

export function dialogsOf(fixture: Known): Place[] {
  const busy = `/networks/${fixture.networkId}`;
  const resting = `/networks/${fixture.restingId}`;
  return [
    ...wizard(),
    ...signingIn(),
    {
      name: 'new-keys',
      path: '/cloud-accounts',
      shows: 'They must lead to the same account',
      first: (page) => press(page, 'New keys for AWS, by role'),
      // This installation has no keys of its own at AWS that the role could trust.
      refused: 409,
    },
    {
      name: 'orphan-delete',
      path: `/cloud-accounts/${fixture.accounts.aws}`,
      shows: 'It is deleted in the cloud',
      first: (page) => press(page, 'Delete i-07c0ffee7c0ffee70'),
    },
    {
      name: 'add-cluster',
      path: `${resting}/clusters`,
      shows: 'Existing VPC',
      first: async (page) => {
        await press(page, 'Add a cluster');
        await page.getByText('More', { exact: true }).click();
      },
    },
    {
      name: 'plan-add-cluster',
      path: `${resting}/clusters`,
      shows: 'Who feels it',
      first: async (page) => {
        await press(page, 'Add a cluster');
        await page.getByLabel('Cluster', { exact: true }).fill('recovery');
        await press(page, 'Show the plan');
        await unfold(page);
      },
    },
    {
      name: 'add-nodes',
      path: `${resting}/clusters`,
      shows: 'Let Skein make them',
      first: (page) => addNodes(page, 'warehouse'),
    },
    {
      name: 'plan-add-nodes',
      path: `${resting}/clusters`,
      shows: 'Who feels it',
      first: async (page) => {
        await addNodes(page, 'warehouse');
        await press(page, /^Plan 1 node/);
        await unfold(page);
      },
    },
    {
      name: 'plan-remove-cluster',
      path: `${resting}/clusters`,
      shows: 'Type “warehouse” to confirm',
      first: async (page) => {
        await press(page, 'Remove warehouse');
        await unfold(page);
      },
    },
    {
      name: 'plan-remove-peer',
      path: `${resting}/peers`,
      shows: 'Its tunnels close at once',
      first: async (page) => {
        await press(page, 'Remove node-1 of warehouse');
        await unfold(page);
      },
    },
    {
      name: 'peer-work',
      path: `${resting}/peers`,
      shows: 'It passes on sealed packets that it cannot read',
      first: (page) => press(page, /^node-1 of warehouse works as/),
    },
    {
      name: 'plan-delete',
      path: resting,
      shows: 'Type “depot” to confirm',
      first: async (page) => {
        await press(page, 'Delete');
        await unfold(page);
      },
    },
    {
      name: 'settings-edited',
      path: resting,
      shows: 'Undo',
      first: async (page) => void (await page.getByLabel('When a cloud differs').selectOption('report')),
    },
    {
      name: 'plan-settings',
      path: resting,
      shows: 'Change the settings of depot',
      first: async (page) => {
        await page.getByLabel('Between clusters').selectOption('none');
        await press(page, 'Show the plan');
        await unfold(page);
      },
    },
    {
      name: 'plan-refused',
      path: busy,
      shows: 'Plan again',
      first: async (page) => {
        await press(page, 'Close TCP 8080');
        await press(page, 'Show the plan');
      },
      refused: 409,
    },
  ];
}

export async function addNodes(page: Page, cluster: string): Promise<void> {
  await page
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name: cluster }) })
    .getByRole('button', { name: 'Add nodes' })
    .click();
}

/** Waits for a plan and opens what is folded. */
async function unfold(page: Page): Promise<void> {
  await page.getByText('A month', { exact: true }).first().waitFor();
  const folded = page.locator('[role=dialog] details:not([open]) > summary');
  while ((await folded.count()) > 0) await folded.first().click();
}

function wizard(): Place[] {
  return [
    {
      name: 'network-new-wrong',
      path: '/networks/new',
      shows: 'Some fields need another look',
      first: (page) => press(page, 'Show the plan'),
    },
    {
      name: 'network-new-plan',
      path: '/networks/new',
      shows: 'The plan for mill',
      first: async (page) => {
        await page.getByLabel('Name', { exact: true }).fill('mill');
        await page.getByLabel('DNS zone').fill('mill.example.com');
        await press(page, 'Add a cluster');
        await page
          .locator('fieldset')
          .nth(1)
          .getByLabel('Made in')
          .selectOption({ label: 'Azure, analytics' });
        await press(page, 'Show the plan');
      },
    },
  ];
}

/** The account dialog, once for each way of signing in. */
function signingIn(): Place[] {
  const place = (
    name: string,
    cloud: string,
    way: string | null,
    shows: string,
    refused?: number,
  ): Place => ({
    name: `account-new-${name}`,
    path: '/cloud-accounts',
    shows,
    first: async (page) => {
      await press(page, 'Add an account');
      await page.getByLabel('Cloud', { exact: true }).selectOption(cloud);
      if (way) await page.getByLabel('Sign in by').selectOption(way);
    },
    ...(refused && { refused }),
  });
  return [
    place('aws-key', 'aws', null, 'A keyless way is safer'),
    // As above: nobody at AWS to trust.
    place('aws-role', 'aws', 'role', 'no identity at AWS', 409),
    place('gcp-key', 'gcp', null, 'Choose the file'),
    place('gcp-federation', 'gcp', 'federation', 'gcloud iam workload-identity-pools'),
    place('azure-secret', 'azure', null, 'Client secret'),
    place('azure-federation', 'azure', 'federation', 'az ad app create'),
    place('rfc2136', 'rfc2136', null, 'Key name'),
    place('powerdns', 'powerdns', null, 'API key'),
  ];
}
