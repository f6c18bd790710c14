import { describe, expect, it } from 'vitest';
import { grant } from './grant.ts';
import { nodeIdentityPermissions, permissions } from './permissions.ts';

const organizationId = 'org_0123456789abcdefghjk';

describe('the grant', () => {
  it('is a role of exactly the permissions, on one subscription', () => {
    const two = permissions.slice(0, 2);
    const documents = grant(two, { organizationId, keyless: null });
    expect(documents.map((one) => [one.title.split(':')[0], one.language])).toEqual([
      ['Custom role', 'json'],
      ['Commands', 'shell'],
    ]);
    expect(documents[0]?.text).toBe(`{
  "Name": "Skein (org_0123456789abcdefghjk)",
  "IsCustom": true,
  "Description": "What Skein does in this subscription, and nothing more.",
  "Actions": [
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/YOUR-SUBSCRIPTION"
  ]
}`);
    expect(documents[1]?.text).toContain('credential reset');
    expect(documents[1]?.text).not.toContain('federated');
  });

  it('trusts tokens of this organization and of no other', () => {
    const keyless = { awsPrincipal: null, issuer: 'https://skein.test' };
    const [, credential, commands] = grant(permissions, { organizationId, keyless });
    expect(JSON.parse(credential?.text ?? '')).toEqual({
      name: 'skein',
      issuer: 'https://skein.test',
      subject: `organization:${organizationId}`,
      description: 'Skein, for this organization',
      audiences: ['api://AzureADTokenExchange'],
    });
    expect(commands?.text).toContain('federated-credential create');
    expect(commands?.text).not.toContain('credential reset');
  });
});

it('names each permission once, with what it is for, and none by a wildcard', () => {
  const all = [...permissions, ...nodeIdentityPermissions];
  expect(new Set(all.map((one) => one.action.toLowerCase())).size).toBe(all.length);
  for (const { action, why } of all) {
    expect(action).toMatch(/^Microsoft\.\w+\/[\w/]+\/(read|write|delete|action)$/);
    expect(why).toMatch(/^[a-z].{5,}[^.]$/);
  }
});
