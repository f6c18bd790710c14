/**
 * The wake-up queue: BullMQ on Postgres, or on Redis where one is named. It carries ids and owns nothing; whoever
 * loses a job loses no work, because the sweeper finds in Postgres what is due.
 */
import { WAKE_QUEUE, WakeJob } from '@skein/contract/job/wake.ts';
import { type ConnectionOptions, createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

export interface WakeQueue {
  /** Resolves once the queue holds the job. */
  wake(job: WakeJob): Promise<void>;
  /**
   * Hands jobs to `handler` until closed. `signal` fires when this worker lost the job to another one. A handler that
   * throws gets the job again, some times, with growing pauses.
   */
  worker(handler: (job: WakeJob, signal: AbortSignal) => Promise<void>): { close(): Promise<void> };
  /** Closes the queue and every worker made from it; running handlers are waited for. */
  close(): Promise<void>;
}

const CONCURRENCY = 8;
const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 500 },
  removeOnComplete: true,
  removeOnFail: { count: 100 },
} as const;

/** Opens connections lazily. `onProblem` hears of lost connections, which BullMQ mends by itself. */
export function openQueue(where: {
  databaseUrl: string;
  redisUrl?: string | undefined;
  onProblem?: (error: Error) => void;
}): WakeQueue {
  const { make, end } =
    where.redisUrl === undefined ? onPostgres(where.databaseUrl) : onRedis(where.redisUrl);
  const onProblem = where.onProblem ?? (() => {});
  const queue = make.queue();
  queue.on('error', onProblem);
  const workers: { close(): Promise<void> }[] = [];

  return {
    async wake(job) {
      await queue.add('wake', job, JOB_OPTIONS);
    },
    worker(handler) {
      const running = new Map<string, AbortController>();
      const worker = make.worker(async (job) => {
        const abort = new AbortController();
        const id = job.id ?? '';
        running.set(id, abort);
        try {
          await handler(WakeJob.parse(job.data), abort.signal);
        } finally {
          running.delete(id);
        }
      });
      worker.on('error', onProblem);
      worker.on('lockRenewalFailed', (ids) => {
        for (const id of ids) running.get(id)?.abort(new Error('another worker has this job now'));
      });
      workers.push(worker);
      return { close: () => worker.close() };
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
      await end();
    },
  };
}

type Process = (job: { id?: string | undefined; data: unknown }) => Promise<void>;

function onPostgres(connectionString: string) {
  const backed = withBackend(createPostgresBackend);
  const connection = { connectionString, schema: 'bullmq', migrate: true, max: 4 };
  return {
    make: {
      queue: () => new backed.Queue(WAKE_QUEUE, { connection }),
      worker: (process: Process) =>
        new backed.Worker(WAKE_QUEUE, process, { connection, concurrency: CONCURRENCY }),
    },
    end: async () => {},
  };
}

function onRedis(url: string) {
  // BullMQ's blocking reads need null here: a command waits for the connection as long as it takes.
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const connection: ConnectionOptions = redis;
  return {
    make: {
      queue: () => new Queue(WAKE_QUEUE, { connection }),
      worker: (process: Process) => new Worker(WAKE_QUEUE, process, { connection, concurrency: CONCURRENCY }),
    },
    end: async () => {
      redis.disconnect();
    },
  };
}
