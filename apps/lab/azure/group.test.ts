/** Resource groups through the official client, and the manners that every call of ARM shares. */
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzureFixture, openFixture, POLL } from './fixture.ts';

let fixture: AzureFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

const V = 'api-version=2025-04-01';

describe('resource groups', () => {
  test('are made, shown, listed by tag over pages, and deleted with the wait it takes', async () => {
    const { resourceGroups } = fixture.resources();
    for (let index = 0; index < 5; index++)
      await resourceGroups.createOrUpdate(`tagged-${index}`, {
        location: 'West Europe',
        tags: { 'skein-cluster': index < 4 ? 'a' : 'b' },
      });
    const found = [];
    for await (const group of resourceGroups.list({
      filter: "tagName eq 'skein-cluster' and tagValue eq 'a'",
    }))
      found.push(group.name);
    expect(found).toEqual(['tagged-0', 'tagged-1', 'tagged-2', 'tagged-3']);
    const pages = fixture.requests().filter((each) => each.action.endsWith('resourceGroups/read'));
    expect(pages).toHaveLength(2);

    expect(await resourceGroups.get('TAGGED-0')).toMatchObject({
      name: 'tagged-0',
      location: 'westeurope',
      tags: { 'skein-cluster': 'a' },
      properties: { provisioningState: 'Succeeded' },
    });
    await resourceGroups.delete('tagged-0', POLL);
    await expect(resourceGroups.get('tagged-0')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceGroupNotFound',
    });
    const gone = await fixture.ask('HEAD', `/resourcegroups/tagged-0?${V}`);
    expect([gone.status, gone.body]).toEqual([404, null]);
    expect((await fixture.ask('HEAD', `/resourcegroups/tagged-1?${V}`)).status).toBe(204);
  });

  test('take nothing more while they are being deleted', async () => {
    await fixture.ask('PUT', `/resourcegroups/leaving?${V}`, { location: 'eastus' });
    const gone = await fixture.ask('DELETE', `/resourcegroups/leaving?${V}`);
    expect([gone.status, gone.headers.has('location')]).toEqual([202, true]);
    for (const path of ['', '/providers/Microsoft.Network/publicIPAddresses/late']) {
      const late = await fixture.ask(
        'PUT',
        `/resourcegroups/leaving${path}?api-version=${path ? '2026-01-01' : '2025-04-01'}`,
        {
          location: 'eastus',
        },
      );
      expect([late.status, late.body.error.code]).toEqual([409, 'ResourceGroupBeingDeleted']);
    }
    const again = await fixture.ask('DELETE', `/resourcegroups/leaving?${V}`);
    expect(again.headers.get('location')).toBe(gone.headers.get('location'));
    await fixture.follow(gone);
    expect((await fixture.ask('DELETE', `/resourcegroups/leaving?${V}`)).status).toBe(404);
  });

  test('stay where they are', async () => {
    const { resourceGroups } = fixture.resources();
    await resourceGroups.createOrUpdate('placed', { location: 'westeurope' });
    await expect(resourceGroups.createOrUpdate('placed', { location: 'eastus' })).rejects.toMatchObject({
      code: 'InvalidResourceGroupLocation',
    });
    await expect(resourceGroups.createOrUpdate('nowhere', { location: 'atlantis' })).rejects.toMatchObject({
      code: 'LocationNotAvailableForResourceGroup',
    });
  });
});

describe('every call', () => {
  test('needs a token of the subscription’s own tenant', async () => {
    const without = await fixture.ask('GET', `/resourcegroups?${V}`, undefined, { authorization: '' });
    expect([without.status, without.body.error.code]).toEqual([401, 'AuthenticationFailed']);
    expect(without.headers.get('www-authenticate')).toContain(fixture.lab.accounts.azure.tenantId);
    const bad = await fixture.ask('GET', `/resourcegroups?${V}`, undefined, {
      authorization: 'Bearer a.b.c',
    });
    expect([bad.status, bad.body.error.code]).toEqual([401, 'InvalidAuthenticationToken']);
    const { token } = await fixture.credential().getToken('https://management.azure.com/.default');
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    const seen = await fixture.ask('GET', `/resourcegroups?${V}`, undefined, {
      authorization: `Bearer ${forged}`,
    });
    expect([seen.status, seen.body.error.code]).toEqual([401, 'InvalidAuthenticationToken']);
  });

  test('is refused for a secret that is not the application’s', async () => {
    const { tenantId, clientId, subscriptionId } = fixture.lab.accounts.azure;
    const options = { authorityHost: fixture.lab.azureUrl, disableInstanceDiscovery: true };
    const credential = new ClientSecretCredential(tenantId, clientId, 'wrong', options);
    const client = new ResourceManagementClient(credential, subscriptionId, fixture.options);
    await expect(client.resourceGroups.get('any')).rejects.toThrow(/AADSTS7000215/);
  });

  test.each([
    ['/resourcegroups', 400, 'MissingApiVersionParameter'],
    ['/resourcegroups?api-version=1999-01-01', 400, 'InvalidApiVersionParameter'],
    [
      '/resourceGroups/g/providers/Microsoft.Nothing/things/a?api-version=2024-01-01',
      404,
      'InvalidResourceNamespace',
    ],
    [
      '/resourceGroups/g/providers/Microsoft.Network/things/a?api-version=2024-01-01',
      404,
      'InvalidResourceType',
    ],
    [`/resourcegroups?${V}&$filter=size eq 'large'`, 400, 'InvalidFilterInQueryString'],
  ])('is refused where it makes no sense: %s', async (path, status, code) => {
    const answer = await fixture.ask('GET', path);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test('with a body must have one that can be read', async () => {
    const broken = await fixture.ask('PUT', `/resourcegroups/g?${V}`, '{"location":');
    expect([broken.status, broken.body.error.code]).toEqual([400, 'InvalidRequestContent']);
    const unknown = await fixture.ask('PUT', `/resourcegroups/g?${V}`, { location: 'eastus', colour: 'red' });
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'InvalidRequestContent']);
    expect(unknown.body.error.message).toContain("'colour'");
  });

  test('is logged in the cloud’s own words', async () => {
    await fixture.ask('PUT', `/resourcegroups/logged?${V}`, { location: 'eastus' });
    expect(fixture.requests().at(-1)).toMatchObject({
      cloud: 'azure',
      service: 'Microsoft.Resources',
      action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
      region: 'eastus',
      account: fixture.lab.accounts.azure.subscriptionId,
      status: 201,
      mutating: true,
    });
  });
});
