import { expect, it } from 'vitest';
import { permissionFinding, quotaFindings } from './findings.ts';

it('says of each quota whether what is needed fits', () => {
  const quotas = [
    { what: 'addresses', limit: 5, used: 4 },
    { what: 'vcpus', limit: 8, used: 4 },
    { what: 'networks', limit: 5, used: 5 },
  ] as const;
  expect(quotaFindings(quotas, { addresses: 2, vcpus: 4 })).toEqual([
    {
      kind: 'quota',
      subject: 'addresses',
      status: 'missing',
      detail: '4 of 5 reserved addresses are in use, and 2 more are needed. Ask for a higher quota.',
    },
    { kind: 'quota', subject: 'vcpus', status: 'ok', detail: '4 of 8 vCPUs are in use.' },
    { kind: 'quota', subject: 'networks', status: 'ok', detail: '5 of 5 networks are in use.' },
  ]);
});

it('says of a permission that is missing what it is for', () => {
  const permission = { action: 'ec2:CreateVpc', why: 'make a cluster’s VPC' };
  expect([true, false, null].map((allowed) => permissionFinding(permission, allowed).status)).toEqual([
    'ok',
    'missing',
    'unknown',
  ]);
  expect(permissionFinding(permission, false).detail).toBe('Needed to make a cluster’s VPC.');
});
