/** Route 53, through the official client. */
import {
  AssociateVPCWithHostedZoneCommand,
  type Change,
  ChangeResourceRecordSetsCommand,
  ChangeTagsForResourceCommand,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  DisassociateVPCFromHostedZoneCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesByVPCCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  ListTagsForResourceCommand,
  ListTagsForResourcesCommand,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type LabFixture, makeNetwork, openFixture, refusalOf } from './fixture.ts';

let fixture: LabFixture;
let dns: Route53Client;
beforeAll(async () => {
  fixture = await openFixture();
  dns = fixture.route53();
});
afterAll(() => fixture.close());

const refused = (code: string, status = 400) => ({ code, status });
let count = 0;
async function newZone(Name: string): Promise<string> {
  count += 1;
  const { HostedZone } = await dns.send(
    new CreateHostedZoneCommand({ Name, CallerReference: `reference ${count}` }),
  );
  return HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
}
const a = (Name: string, ...values: string[]): ResourceRecordSet => ({
  Name,
  Type: 'A',
  TTL: 60,
  ResourceRecords: values.map((Value) => ({ Value })),
});
const txt = (Name: string, Value: string): ResourceRecordSet => ({
  ...a(Name),
  Type: 'TXT',
  ResourceRecords: [{ Value }],
});
const change = (HostedZoneId: string, ...Changes: Change[]) =>
  dns.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
const list = async (HostedZoneId: string) =>
  (await dns.send(new ListResourceRecordSetsCommand({ HostedZoneId }))).ResourceRecordSets ?? [];
const names = async (id: string) => (await list(id)).map((each) => `${each.Name} ${each.Type}`);
const messageOf = (call: Promise<unknown>) =>
  call.then(
    () => 'not refused',
    (error: Error) => error.message,
  );

describe('a hosted zone', () => {
  test('is made once for a caller reference, with its apex records, and is found', async () => {
    const make = () =>
      dns.send(
        new CreateHostedZoneCommand({
          Name: 'Skein.Example',
          CallerReference: 'once',
          HostedZoneConfig: { Comment: 'network <n1>', PrivateZone: false },
        }),
      );
    const made = await make();
    expect(made.$metadata.httpStatusCode).toBe(201);
    expect(made.Location).toContain(made.HostedZone?.Id);
    expect(made.HostedZone).toMatchObject({
      Name: 'skein.example.',
      CallerReference: 'once',
      Config: { Comment: 'network <n1>', PrivateZone: false },
      ResourceRecordSetCount: 2,
    });
    expect(made.DelegationSet?.NameServers).toHaveLength(4);
    expect(await refusalOf(make())).toEqual(refused('HostedZoneAlreadyExists', 409));
    const Id = made.HostedZone?.Id ?? '';
    const status = async () =>
      (await dns.send(new GetChangeCommand({ Id: made.ChangeInfo?.Id }))).ChangeInfo?.Status;
    expect(made.ChangeInfo?.Status).toBe('PENDING');
    await expect.poll(status).toBe('INSYNC');
    expect((await dns.send(new GetHostedZoneCommand({ Id }))).HostedZone?.Name).toBe('skein.example.');
    const byName = await dns.send(new ListHostedZonesByNameCommand({ DNSName: 'skein.example' }));
    expect(byName.HostedZones?.[0]?.Id).toBe(Id);
    await dns.send(new DeleteHostedZoneCommand({ Id }));
    expect(await refusalOf(dns.send(new GetHostedZoneCommand({ Id })))).toEqual(
      refused('NoSuchHostedZone', 404),
    );
    expect(await refusalOf(dns.send(new GetChangeCommand({ Id: 'C000' })))).toEqual(
      refused('NoSuchChange', 404),
    );
  });

  test('that is private belongs to VPCs', async () => {
    const { vpcId } = await makeNetwork(fixture.ec2(), '10.1.0.0/16', '10.1.0.0/24');
    const other = await makeNetwork(fixture.ec2('us-west-2'), '10.2.0.0/16', '10.2.0.0/24');
    const make = (VPCId: string, CallerReference: string) =>
      dns.send(
        new CreateHostedZoneCommand({
          Name: 'inside.example',
          CallerReference,
          VPC: { VPCId, VPCRegion: 'us-east-1' },
          HostedZoneConfig: { PrivateZone: true },
        }),
      );
    expect(await refusalOf(make('vpc-00000000000000000', 'p0'))).toEqual(refused('InvalidVPCId'));
    const made = await make(vpcId, 'p1');
    expect(made).toMatchObject({ VPC: { VPCId: vpcId }, HostedZone: { Config: { PrivateZone: true } } });
    expect(await refusalOf(make(vpcId, 'p2'))).toEqual(refused('ConflictingDomainExists'));
    const HostedZoneId = made.HostedZone?.Id ?? '';
    const there = { VPCId: other.vpcId, VPCRegion: 'us-west-2' as const };
    const leave = (VPC: { VPCId: string; VPCRegion: 'us-east-1' | 'us-west-2' }) =>
      dns.send(new DisassociateVPCFromHostedZoneCommand({ HostedZoneId, VPC }));
    expect(await refusalOf(leave(there))).toEqual(refused('VPCAssociationNotFound', 404));
    await dns.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId, VPC: there }));
    const { VPCs } = await dns.send(new GetHostedZoneCommand({ Id: HostedZoneId }));
    expect(VPCs?.map((vpc) => vpc.VPCId)).toEqual([vpcId, other.vpcId]);
    const byVpc = await dns.send(new ListHostedZonesByVPCCommand(there));
    expect(byVpc.HostedZoneSummaries).toMatchObject([{ Name: 'inside.example.' }]);
    await eventually(
      () => fixture.realiser.ground().zones.find((zone) => zone.name === 'inside.example')?.realmIds,
    ).toEqual([vpcId, other.vpcId]);
    await leave({ VPCId: vpcId, VPCRegion: 'us-east-1' });
    expect(await refusalOf(leave(there))).toEqual(refused('LastVPCAssociation'));
    const publicZone = await newZone('outside.example');
    expect(
      await refusalOf(
        dns.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId: publicZone, VPC: there })),
      ),
    ).toEqual(refused('PublicZoneVPCAssociation'));
  });

  test('with records is not deleted', async () => {
    const Id = await newZone('full.example');
    const record = a('x.full.example', '198.18.1.1');
    await change(Id, { Action: 'CREATE', ResourceRecordSet: record });
    expect(await refusalOf(dns.send(new DeleteHostedZoneCommand({ Id })))).toEqual(
      refused('HostedZoneNotEmpty'),
    );
    await change(Id, { Action: 'DELETE', ResourceRecordSet: record });
    await dns.send(new DeleteHostedZoneCommand({ Id }));
  });

  test('carries tags', async () => {
    const ResourceId = await newZone('tagged.example');
    await dns.send(
      new ChangeTagsForResourceCommand({
        ResourceType: 'hostedzone',
        ResourceId,
        AddTags: [
          { Key: 'skein-network', Value: 'n1' },
          { Key: 'old', Value: 'x' },
        ],
      }),
    );
    await dns.send(
      new ChangeTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId, RemoveTagKeys: ['old'] }),
    );
    const one = await dns.send(new ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId }));
    expect(one.ResourceTagSet?.Tags).toEqual([{ Key: 'skein-network', Value: 'n1' }]);
    const many = await dns.send(
      new ListTagsForResourcesCommand({ ResourceType: 'hostedzone', ResourceIds: [ResourceId] }),
    );
    expect(many.ResourceTagSets).toMatchObject([{ ResourceId, Tags: [{ Value: 'n1' }] }]);
  });

  test('is listed page by page', async () => {
    for (let index = 0; index < 5; index++) await newZone(`page-${index}.example`);
    const seen: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page = await dns.send(new ListHostedZonesCommand({ Marker, MaxItems: 3 }));
      expect(page.HostedZones?.length).toBeLessThanOrEqual(3);
      seen.push(...(page.HostedZones ?? []).map((zone) => zone.Name));
      Marker = page.NextMarker;
    } while (Marker);
    expect(seen.filter((name) => name?.startsWith('page-')).sort()).toHaveLength(5);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('records', () => {
  test('are written, changed, shown in order and taken away', async () => {
    const id = await newZone('records.example');
    await change(
      id,
      { Action: 'CREATE', ResourceRecordSet: a('b.records.example', '10.0.0.2', '10.0.0.1') },
      {
        Action: 'UPSERT',
        ResourceRecordSet: txt('_skein.b.records.example.', '"owner=n1" "second \\"part\\""'),
      },
      { Action: 'UPSERT', ResourceRecordSet: a('*.A.records.example', '10.0.0.3') },
    );
    expect(await names(id)).toEqual([
      'records.example. NS',
      'records.example. SOA',
      '\\052.a.records.example. A',
      'b.records.example. A',
      '_skein.b.records.example. TXT',
    ]);
    const shown = (await list(id)).find((each) => each.Type === 'TXT');
    expect(shown?.ResourceRecords).toEqual([{ Value: '"owner=n1" "second \\"part\\""' }]);
    await change(id, { Action: 'UPSERT', ResourceRecordSet: a('b.records.example', '10.0.0.9') });
    expect((await list(id)).find((each) => each.Name === 'b.records.example.')?.ResourceRecords).toEqual([
      { Value: '10.0.0.9' },
    ]);
    const wrong = change(id, { Action: 'DELETE', ResourceRecordSet: a('b.records.example', '10.0.0.2') });
    expect(await messageOf(wrong)).toContain('the values provided do not match the current values');
    await change(
      id,
      { Action: 'DELETE', ResourceRecordSet: a('b.records.example', '10.0.0.9') },
      { Action: 'CREATE', ResourceRecordSet: { ...a('b.records.example', 'c.example.com'), Type: 'CNAME' } },
    );
    const zone = fixture.realiser.ground().zones.find((each) => each.name === 'records.example');
    expect(zone?.records).toContainEqual({
      name: '*.a.records.example',
      type: 'A',
      ttlSeconds: 60,
      values: ['10.0.0.3'],
    });
  });

  test('of a batch are written all or none', async () => {
    const id = await newZone('batch.example');
    await change(id, { Action: 'CREATE', ResourceRecordSet: a('a.batch.example', '10.0.0.1') });
    const before = await names(id);
    const batch = change(
      id,
      { Action: 'CREATE', ResourceRecordSet: a('new.batch.example', '10.0.0.2') },
      { Action: 'CREATE', ResourceRecordSet: a('a.batch.example', '10.0.0.2') },
      { Action: 'DELETE', ResourceRecordSet: a('none.batch.example', '10.0.0.2') },
    );
    expect(await refusalOf(batch)).toEqual(refused('InvalidChangeBatch'));
    expect(await messageOf(batch)).toBe(
      "[Tried to create resource record set [name='a.batch.example.', type='A'] but it already exists, " +
        "Tried to delete resource record set [name='none.batch.example.', type='A'] but it was not found]",
    );
    expect(await names(id)).toEqual(before);
  });

  test.each<[string, Change, string, string]>([
    [
      'outside the zone',
      { Action: 'CREATE', ResourceRecordSet: a('a.other.example', '1.1.1.1') },
      'InvalidChangeBatch',
      'is not permitted in zone',
    ],
    [
      'with no address',
      { Action: 'CREATE', ResourceRecordSet: a('a.bad.example', '10.0.0.256') },
      'InvalidChangeBatch',
      'ARRDATAIllegalIPv4Address',
    ],
    [
      'with text unquoted',
      { Action: 'CREATE', ResourceRecordSet: txt('a.bad.example', 'owner=x') },
      'InvalidChangeBatch',
      'enclosed in quotation marks',
    ],
    [
      'with a value twice',
      { Action: 'CREATE', ResourceRecordSet: a('a.bad.example', '1.1.1.1', '1.1.1.1') },
      'InvalidChangeBatch',
      'Duplicate Resource Record',
    ],
    [
      'without values',
      { Action: 'CREATE', ResourceRecordSet: { Name: 'a.bad.example', Type: 'A', TTL: 1 } },
      'InvalidInput',
      'Expected exactly one of',
    ],
    [
      'without a time to live',
      { Action: 'CREATE', ResourceRecordSet: { ...a('a.bad.example', '1.1.1.1'), TTL: undefined } },
      'InvalidInput',
      'Expected exactly one of',
    ],
    [
      'that are a CNAME at the apex',
      { Action: 'CREATE', ResourceRecordSet: { ...a('bad.example', 'x.example'), Type: 'CNAME' } },
      'InvalidChangeBatch',
      'not permitted at apex',
    ],
    [
      'of another kind of change',
      { Action: 'REPLACE' as 'CREATE', ResourceRecordSet: a('a.bad.example', '1.1.1.1') },
      'InvalidInput',
      'REPLACE',
    ],
    [
      'weighted',
      {
        Action: 'CREATE',
        ResourceRecordSet: { ...a('a.bad.example', '1.1.1.1'), Weight: 1, SetIdentifier: 'x' },
      },
      'InvalidInput',
      'simple record sets',
    ],
  ])('%s are refused', async (_, record, code, words) => {
    const id = await newZone('bad.example');
    const call = change(id, record);
    expect(await refusalOf(call)).toEqual(refused(code));
    expect(await messageOf(call)).toContain(words);
  });

  test('of the apex that a zone needs stay', async () => {
    const id = await newZone('apex.example');
    const [ns] = await list(id);
    if (!ns) throw new Error('the zone has no NS record');
    expect(await messageOf(change(id, { Action: 'DELETE', ResourceRecordSet: ns }))).toContain(
      'at least one NS record',
    );
  });

  test('come page by page from a name and type on, and not too many at once', async () => {
    const id = await newZone('many.example');
    const all = Array.from({ length: 500 }, (_, index) =>
      a(`n${String(index).padStart(3, '0')}.many.example`, '10.0.0.1'),
    );
    await change(id, ...all.map((ResourceRecordSet) => ({ Action: 'UPSERT' as const, ResourceRecordSet })));
    const tooMany = [...all, a('one.many.example', '10.0.0.1')].map((ResourceRecordSet) => ({
      Action: 'UPSERT' as const,
      ResourceRecordSet,
    }));
    expect(await messageOf(change(id, ...tooMany))).toContain('Number of records limit of 1000 exceeded');
    const seen: (string | undefined)[] = [];
    let from: { StartRecordName?: string | undefined; StartRecordType?: 'A' | undefined } = {};
    for (let page = 0; page < 10; page++) {
      const answer = await dns.send(
        new ListResourceRecordSetsCommand({ HostedZoneId: id, MaxItems: 200, ...from }),
      );
      seen.push(...(answer.ResourceRecordSets ?? []).map((each) => `${each.Name} ${each.Type}`));
      if (!answer.IsTruncated) break;
      from = { StartRecordName: answer.NextRecordName, StartRecordType: answer.NextRecordType as 'A' };
    }
    expect(seen).toHaveLength(502);
    expect(new Set(seen).size).toBe(502);
  });
});
