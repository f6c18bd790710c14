import { describe, expect, it } from 'vitest';
import { grant } from './grant.ts';
import { nodeIdentityPermissions, permissions, permissionsOfCall } from './permissions.ts';

const organizationId = 'org_0123456789abcdefghjk';
const actions = permissions.map((one) => one.action);

describe('the grant', () => {
  it('is a role of exactly the permissions', () => {
    const [role, commands] = grant(permissions, { organizationId, keyless: null });
    expect(JSON.parse(role?.text ?? '')).toMatchObject({
      stage: 'GA',
      includedPermissions: [...actions].sort(),
    });
    expect(commands?.text).toContain('keys create skein-key.json');
    expect(commands?.text).not.toContain('workload-identity');
  });

  it('trusts tokens of this organization and of no other', () => {
    const [, commands] = grant(permissions, {
      organizationId,
      keyless: { awsPrincipal: null, issuer: 'https://skein.test' },
    });
    expect(commands?.text).toContain("--issuer-uri='https://skein.test' ");
    expect(commands?.text).toContain(
      `--attribute-condition="assertion.sub == 'organization:${organizationId}'"`,
    );
    expect(commands?.text).toContain(`/workloadIdentityPools/skein/subject/organization:${organizationId}`);
    expect(commands?.text).not.toContain('keys create');
  });
});

describe('the permissions', () => {
  it('name each once, with what it is for, and are what calls need', () => {
    const all = [...permissions, ...nodeIdentityPermissions];
    expect(new Set(all.map((one) => one.action)).size).toBe(all.length);
    for (const one of all) expect(one.why).toMatch(/^[a-z].{5,}[^.]$/);
    expect(permissionsOfCall('compute:firewalls.insert')).toEqual([
      'compute.firewalls.create',
      'compute.networks.updatePolicy',
    ]);
    expect(permissionsOfCall('compute:instances.get')).toEqual(['compute.instances.get']);
    expect(permissionsOfCall('cloudresourcemanager:projects.testIamPermissions')).toEqual([]);
    for (const call of ['instances.insert', 'instances.addAccessConfig', 'subnetworks.delete'])
      for (const needed of permissionsOfCall(`compute:${call}`)) expect(actions).toContain(needed);
  });
});
