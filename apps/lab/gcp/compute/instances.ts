/** `compute.instances`: machines. */
import { regionOf, zoneNames } from '../catalog.ts';
import { type Instance, nextId, type Operation, sorted } from '../state.ts';
import { alreadyExists, fingerprintMismatch, GoogleError, invalid, notReady } from '../wire/errors.ts';
import { AGGREGATED, type Call, LISTING, type Method, method } from '../wire/method.ts';
import { checkLabels, checkName, link } from '../wire/names.ts';
import { aggregatedAnswer, listAnswer } from '../wire/page.ts';
import { nextPublicAddress } from './addresses.ts';
import { checkMetadata, checkTags, makeInstance } from './instance-body.ts';
import { begin, checkStaying, findInstance, instancePath, keyOf, ONE, PATH } from './instance-call.ts';
import { INSTANCE, METADATA, TAGS } from './instance-shape.ts';
import { labelFingerprint, metadataFingerprint, showInstance, tagsFingerprint } from './instance-show.ts';
import { showOperation, start } from './operations.ts';
import { checkZone } from './places.ts';
import { cpusOf, exceeded, usedIn } from './quota.ts';

export const instances: readonly Method[] = [
  method({
    id: 'compute.instances.insert',
    http: 'POST',
    path: PATH,
    permission: 'compute.instances.create',
    query: ['requestId'],
    body: INSTANCE,
    changes: true,
    handle(call) {
      const zone = checkZone(call.projectId, call.params.zone);
      const path = instancePath(call.projectId, zone, checkName(call.body.name));
      if (call.project.instances[`${zone}/${call.body.name}`]) throw alreadyExists(path);
      const id = nextId(call.state);
      const made = makeInstance(call, zone, id);
      const work = { scope: `zones/${zone}`, type: 'insert', target: path, targetId: id };
      const error = made.ok ? overQuota(call, made.instance) : made.error;
      if (!made.ok || error) return showOperation(call.projectId, start(call, { ...work, error }));
      const key = keyOf(made.instance);
      call.project.instances[key] = made.instance;
      return showOperation(
        call.projectId,
        start(call, { ...work, effect: { kind: 'instance-up', name: key } }),
      );
    },
  }),
  method({
    id: 'compute.instances.get',
    http: 'GET',
    path: ONE,
    permission: 'compute.instances.get',
    changes: false,
    handle: (call) => showInstance(call, findInstance(call)),
  }),
  method({
    id: 'compute.instances.list',
    http: 'GET',
    path: PATH,
    permission: 'compute.instances.list',
    query: LISTING,
    changes: false,
    handle(call) {
      const zone = checkZone(call.projectId, call.params.zone);
      const here = sorted(call.project.instances).filter((each) => each.zone === zone);
      return listAnswer(
        'compute#instanceList',
        `projects/${call.projectId}/zones/${zone}/instances`,
        here.map((each) => showInstance(call, each)),
        call.query,
      );
    },
  }),
  method({
    id: 'compute.instances.aggregatedList',
    http: 'GET',
    path: '/compute/v1/projects/:project/aggregated/instances',
    permission: 'compute.instances.list',
    query: AGGREGATED,
    changes: false,
    handle: (call) =>
      aggregatedAnswer(
        'compute#instanceAggregatedList',
        `projects/${call.projectId}/aggregated/instances`,
        'instances',
        zoneNames.map((each) => `zones/${each}`),
        (item) => `zones/${String(item.zone).split('/').at(-1)}`,
        sorted(call.project.instances).map((each) => showInstance(call, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.instances.delete',
    http: 'DELETE',
    path: ONE,
    permission: 'compute.instances.delete',
    query: ['requestId'],
    changes: true,
    handle(call) {
      const found = findInstance(call);
      const leaving = call.project.operations.some(
        (each) => each.endedAt === null && each.type === 'delete' && each.targetId === found.id,
      );
      const path = instancePath(call.projectId, found.zone, found.name);
      if (leaving) throw notReady(path);
      if (found.deletionProtection)
        throw new GoogleError(
          412,
          'conditionNotMet',
          `Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion. '${path}' has deletion protection.'.`,
        );
      found.status = 'STOPPING';
      return begin(call, found, 'delete', { kind: 'remove', collection: 'instances', key: keyOf(found) });
    },
  }),
  method({
    id: 'compute.instances.stop',
    http: 'POST',
    path: `${ONE}/stop`,
    permission: 'compute.instances.stop',
    query: ['requestId', 'discardLocalSsd', 'noGracefulShutdown'],
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      // Stopping what stands still is no error at Google.
      if (found.status === 'TERMINATED') return begin(call, found, 'stop');
      found.status = 'STOPPING';
      if (found.external && !found.external.reserved) found.external.natIP = null;
      return begin(call, found, 'stop', { kind: 'instance-down', name: keyOf(found) });
    },
  }),
  method({
    id: 'compute.instances.start',
    http: 'POST',
    path: `${ONE}/start`,
    permission: 'compute.instances.start',
    query: ['requestId'],
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      if (found.status !== 'TERMINATED') return begin(call, found, 'start');
      found.status = 'PROVISIONING';
      found.statusMessage = null;
      found.startedAt = call.now.toISOString();
      if (found.external && found.external.natIP === null)
        found.external.natIP = nextPublicAddress(call.state);
      return begin(call, found, 'start', { kind: 'instance-up', name: keyOf(found) });
    },
  }),
  method({
    id: 'compute.instances.setTags',
    http: 'POST',
    path: `${ONE}/setTags`,
    permission: 'compute.instances.setTags',
    query: ['requestId'],
    body: TAGS,
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      if (call.body.fingerprint !== tagsFingerprint(found)) throw fingerprintMismatch('tags');
      found.tags = checkTags(call.body.items);
      return begin(call, found, 'setTags');
    },
  }),
  method({
    id: 'compute.instances.setLabels',
    http: 'POST',
    path: `${ONE}/setLabels`,
    permission: 'compute.instances.setLabels',
    query: ['requestId'],
    body: { labels: 'labels', labelFingerprint: 'string' },
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      if (call.body.labelFingerprint !== labelFingerprint(found)) throw fingerprintMismatch('label');
      found.labels = checkLabels(call.body.labels);
      return begin(call, found, 'setLabels');
    },
  }),
  method({
    id: 'compute.instances.setMetadata',
    http: 'POST',
    path: `${ONE}/setMetadata`,
    permission: 'compute.instances.setMetadata',
    query: ['requestId'],
    body: METADATA,
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      if (call.body.fingerprint !== metadataFingerprint(found)) throw fingerprintMismatch('metadata');
      found.metadata = checkMetadata(call.body.items);
      return begin(call, found, 'setMetadata');
    },
  }),
  method({
    id: 'compute.instances.setDeletionProtection',
    http: 'POST',
    path: `${ONE}/setDeletionProtection`,
    permission: 'compute.instances.setDeletionProtection',
    query: ['requestId', 'deletionProtection'],
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      found.deletionProtection = call.query.get('deletionProtection') !== 'false';
      return begin(call, found, 'setDeletionProtection');
    },
  }),
  method({
    id: 'compute.instances.getSerialPortOutput',
    http: 'GET',
    path: `${ONE}/serialPort`,
    permission: 'compute.instances.getSerialPortOutput',
    query: ['port', 'start'],
    changes: false,
    handle(call) {
      const found = findInstance(call);
      const port = Number(call.query.get('port') ?? 1);
      if (!Number.isInteger(port) || port < 1 || port > 4)
        throw invalid('port', call.query.get('port'), 'Must be between 1 and 4.');
      const whole = port === 1 ? Buffer.from(call.machine(found.id)?.console ?? '') : Buffer.alloc(0);
      const asked = Number(call.query.get('start') ?? 0);
      const from = Math.min(Math.max(0, Number.isInteger(asked) ? asked : 0), whole.length);
      return {
        kind: 'compute#serialPortOutput',
        contents: whole.subarray(from).toString(),
        start: String(from),
        next: String(whole.length),
        selfLink: link(`${instancePath(call.projectId, found.zone, found.name)}/serialPort`),
      };
    },
  }),
];

/** The error of an instance for which its region has no more room. */
function overQuota(call: Call, instance: Instance): Operation['error'] {
  const region = regionOf(instance.zone);
  const used = usedIn(call.project, region);
  if (call.full('INSTANCES', used.INSTANCES + 1)) return exceeded(call, 'INSTANCES', `in region ${region}`);
  if (call.full('CPUS', used.CPUS + cpusOf(instance.machineType)))
    return exceeded(call, 'CPUS', `in region ${region}`);
  return null;
}
