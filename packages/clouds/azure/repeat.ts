/**
 * What is asked again without a word to the caller: every refusal that says “not now”, and what got no answer and cannot
 * be done twice: reads, deletions, and changes that Azure makes on a condition only. Any other change that got no answer
 * is never sent again from here: Azure may have begun it, so whoever made it looks first.
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { backOff, pause } from '../bounded-wait.ts';

const TRIES = 10;
const LIMIT_MILLISECONDS = 90_000;
const REQUEST_MILLISECONDS = 30_000;

/** Another change to the same resource or one that it hangs on is not done yet; it soon will be. */
const NOT_YET =
  /"(AnotherOperationInProgress|RetryableError|ReferencedResourceNotProvisioned|RetryableErrorDueToAnotherOperation)"/;
/** A resource made a moment ago may be unknown to the one that it is named to. */
const NOT_KNOWN_YET = /"InvalidResourceReference"/;
/** Of what is made in a group or a network that was made a moment ago. */
const NO_PARENT_YET = /"(ResourceGroupNotFound|ParentResourceNotFound)"/;

/** Whether Azure does it once at most, however often it is sent. */
const onceAtMost = ({ method, headers }: Pick<PipelineRequest, 'method' | 'headers'>) =>
  ['GET', 'HEAD', 'DELETE'].includes(method) || headers.has('if-match') || headers.has('if-none-match');

/** @returns whether the answer means that the same request may be sent again. */
export function mayRepeat(
  request: Pick<PipelineRequest, 'method' | 'headers'>,
  status: number,
  body: string,
): boolean {
  const { method } = request;
  if (status === 429) return true;
  if (status === 400 || status === 404) {
    return NOT_YET.test(body) || NOT_KNOWN_YET.test(body) || (method === 'PUT' && NO_PARENT_YET.test(body));
  }
  if (status === 409) return NOT_YET.test(body);
  return onceAtMost(request) && (status === 408 || status >= 500);
}

/** What `Retry-After` asks for, in milliseconds; 0 where it says nothing. */
export function retryAfter(header: string | undefined, now: number): number {
  if (!header) return 0;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}

/** For the outside of an SDK client's pipeline, its own retries switched off. */
export function repeatPolicy(): PipelinePolicy {
  return {
    name: 'skeinRepeatPolicy',
    async sendRequest(request, next) {
      if (!request.timeout) request.timeout = REQUEST_MILLISECONDS;
      const signal = (request.abortSignal as AbortSignal | undefined) ?? new AbortController().signal;
      const end = performance.now() + LIMIT_MILLISECONDS;
      for (let attempt = 0; ; attempt++) {
        const last = attempt + 1 === TRIES;
        let answer: PipelineResponse | undefined;
        try {
          answer = await next(request);
          if (!mayRepeat(request, answer.status, answer.bodyAsText ?? '')) return answer;
        } catch (error) {
          const { name, response } = error as { name?: string; response?: PipelineResponse };
          // The clients of Azure DNS throw what others answer.
          const again = response
            ? mayRepeat(request, response.status, response.bodyAsText ?? '')
            : name === 'RestError' && onceAtMost(request);
          if (!again || last || signal.aborted) throw error;
        }
        const asked = retryAfter(answer?.headers.get('retry-after'), Date.now());
        const delay = Math.max(asked, backOff(attempt, 250, 8_000));
        if (answer && (last || performance.now() + delay > end)) return answer;
        await pause(delay, signal);
      }
    },
  };
}
