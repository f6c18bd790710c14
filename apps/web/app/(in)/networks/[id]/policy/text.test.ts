import { Policy } from '@skein/contract/rest/policy.ts';
import { expect, test } from 'vitest';
import { policyText, readPolicy } from './text.ts';

const policy = Policy.parse({
  default: 'deny',
  groups: { databases: ['label:tier=db'] },
  rules: [
    { name: 'ping', action: 'allow', from: ['any'], to: ['any'], protocol: 'icmp' },
    {
      action: 'allow',
      from: ['cluster:web'],
      to: ['group:databases'],
      protocol: 'tcp',
      ports: [5432, '8000-8099'],
    },
  ],
  tests: [{ from: 'any', to: 'group:databases', protocol: 'tcp', port: 22, expect: 'deny' }],
});

test('a rule is a line, and what is read again is the same policy', () => {
  const text = policyText(policy);
  expect(text).toBe(`{
  "default": "deny",
  "withinCluster": "allow",
  "groups": {
    "databases": ["label:tier=db"]
  },
  "rules": [
    { "name": "ping", "action": "allow", "from": ["any"], "to": ["any"], "protocol": "icmp" },
    {
      "action": "allow",
      "from": ["cluster:web"],
      "to": ["group:databases"],
      "protocol": "tcp",
      "ports": [5432, "8000-8099"]
    }
  ],
  "tests": [
    { "from": "any", "to": "group:databases", "protocol": "tcp", "port": 22, "expect": "deny" }
  ]
}
`);
  expect(readPolicy(text)).toEqual({ ok: true, policy });
});

test('what is wrong is told with its place', () => {
  expect(readPolicy('{')).toMatchObject({ ok: false, problems: [expect.stringContaining('not JSON')] });
  expect(readPolicy('{"default":"deny","rules":[{"action":"allow","from":["prod"],"to":["any"]}]}')).toEqual({
    ok: false,
    problems: [
      'rule 1 from 0: must be any, cluster:NAME, peer:NAME.CLUSTER, range:NAME.CLUSTER, pods:CLUSTER, service:NAMESPACE/NAME, label:KEY=VALUE or group:NAME',
    ],
  });
  expect(readPolicy('{"rules":[]}')).toMatchObject({
    ok: false,
    problems: [expect.stringMatching(/^default: /)],
  });
});
