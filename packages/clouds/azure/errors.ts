/** Azure's errors in our words: those of Resource Manager, of Entra ID, and of the way there. */
import { CloudError, type CloudErrorCode } from '../provider.ts';

/** What is kept of a failure: never the request, which carries a token. */
interface AzureCause {
  azureCode: string;
  status: number | null;
  /** Whether Azure may have done it all the same: nothing came back, or an error on its own side. */
  doubtful: boolean;
}

// The first line that matches decides.
const CODES: readonly (readonly [RegExp, CloudErrorCode])[] = [
  [/Throttled|^TooManyRequests/i, 'throttled'],
  [/^(InvalidAuthenticationToken|ExpiredAuthenticationToken|AuthenticationFailed)/, 'unauthenticated'],
  [
    /^(AuthorizationFailed|LinkedAuthorizationFailed|RequestDisallowedByPolicy|MissingSubscriptionRegistration|SubscriptionNotFound|SubscriptionNotRegistered|ReadOnlyDisabledSubscription|ScopeLocked|LinkedAccessCheckFailed)$/,
    'forbidden',
  ],
  [/Quota|LimitReached|LimitExceeded|ExceedsLimit|CountLimit/i, 'quota'],
  [/^AnotherPeeringAlreadyReferencesRemoteVnet$/, 'not-ours'],
  [/InUse|^CannotDelete|CannotBeDeleted|^NicReservedForAnotherVm/, 'in-use'],
  // Some of these come with 404, and must not pass for a resource that is not there.
  [
    /^(SkuNotAvailable|InvalidParameter|InvalidRequest\w*|LocationNotAvailable\w*|InvalidResourceType|InvalidResourceNamespace|NoRegisteredProviderFound)$/,
    'invalid',
  ],
  [
    /AllocationFailed|^Overconstrained|^(InternalServerError|ServerError|ServiceUnavailable|InternalExecutionError|ServerBusy)$/,
    'unavailable',
  ],
  [/TimedOut|Timeout/i, 'timeout'],
];

const BY_STATUS: Record<number, CloudErrorCode> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  412: 'conflict',
  429: 'throttled',
  504: 'timeout',
};

/** What to do, by Azure's own code first. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^MissingSubscriptionRegistration$|^SubscriptionNotRegistered$/,
    'Register the resource provider: az provider register --namespace Microsoft.Network (and Microsoft.Compute).',
  ],
  [
    /^AnotherPeeringAlreadyReferencesRemoteVnet$/,
    'Delete the peering that somebody made between the two networks; Skein then makes its own.',
  ],
  [/^ScopeLocked$/, 'Take the lock on the resource group or subscription away.'],
  [/^RequestDisallowedByPolicy$/, 'Ask whoever keeps the subscription’s policies for an exception.'],
  [/^SkuNotAvailable$/, 'Choose another instance type or region.'],
  [/AllocationFailed$/, 'Azure has no room for this instance type now: try again, or choose another type.'],
];
const REMEDY: Partial<Record<CloudErrorCode, string>> = {
  unauthenticated: 'Check the application of the cloud account: its secret or its federated credential.',
  forbidden: 'Give the application the role that the cloud account’s page shows, on this subscription.',
  quota: 'Ask Azure for more under “Usage + quotas” of the subscription, or remove what is no longer needed.',
};

/** What Entra ID's own numbers ask a person to do. */
const SIGN_IN_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/AADSTS7000222/, 'The client secret has expired: make a new one and replace it here.'],
  [/AADSTS7000215/, 'Give the secret’s value, not its ID; or make a new secret.'],
  [/AADSTS700016/, 'Check the application (client) ID: there is none such in this directory.'],
  [/AADSTS9000[23]/, 'Check the directory (tenant) ID.'],
  [
    /AADSTS7002\d/,
    'The federated credential must have the issuer, subject and audience that the cloud account’s page shows.',
  ],
];

export function codeFor(azureCode: string, status: number | undefined, text: string): CloudErrorCode {
  // “OperationNotAllowed” stands for quotas and for much else; the text tells.
  if (/^(OperationNotAllowed|Conflict)$/.test(azureCode) && /quota/i.test(text)) return 'quota';
  const known = CODES.find(([pattern]) => pattern.test(azureCode));
  if (known) return known[1];
  if (status === undefined || status >= 500) return BY_STATUS[status ?? 0] ?? 'unavailable';
  return BY_STATUS[status] ?? 'invalid';
}

function made(what: string, kind: CloudErrorCode, said: string, cause: AzureCause): CloudError {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(cause.azureCode))?.[1] ?? REMEDY[kind];
  const code = cause.azureCode ? ` (${cause.azureCode})` : '';
  return new CloudError(
    kind,
    `Azure, ${what}: ${said.trim().replace(/\.?$/, '.')}${code}`,
    remedy ? { remedy, cause } : { cause },
  );
}

const SIGN_IN =
  /^(AuthenticationError|AuthenticationRequiredError|CredentialUnavailableError|ClientAuthError|ServerError|ClientConfigurationError|InteractionRequiredAuthError)$/;

/** A failure before any request went out: no token. Entra ID's numbers (AADSTS…) mean that it looked and refused. */
function signInError(what: string, error: Error): CloudError {
  // Behind its first line stand trace ids and times.
  const said = (/AADSTS\d+[^\r\n]*/.exec(error.message)?.[0] ?? '').replace(/\s*Trace ID:.*/, '');
  const refused = said !== '' || /invalid_client|unauthorized_client|invalid_grant/.test(error.message);
  if (!refused) {
    const cause = { azureCode: '', status: null, doubtful: false };
    return made(what, 'unavailable', 'Entra ID gave no token: no connection, or no proper answer', cause);
  }
  const remedy = SIGN_IN_REMEDIES.find(([pattern]) => pattern.test(said))?.[1] ?? REMEDY.unauthenticated;
  const cause: AzureCause = { azureCode: said.split(':')[0] ?? '', status: 401, doubtful: false };
  return new CloudError(
    'unauthenticated',
    `Azure, ${what}: Entra ID refused the application. ${said}`.trim(),
    remedy ? { remedy, cause } : { cause },
  );
}

const NETWORK_FAULT =
  /^(REQUEST_SEND_ERROR|PARSE_ERROR|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|ETIMEDOUT|UND_ERR|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/**
 * An SDK failure as a CloudError; anything else (a fault of our own) is thrown on as it is.
 * @param what was tried, as a noun phrase: “making the virtual network”.
 */
export function cloudErrorFrom(what: string, error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  if (!(error instanceof Error)) throw error;
  if (SIGN_IN.test(error.name)) return signInError(what, error);
  const { statusCode, code = '' } = error as { statusCode?: number; code?: string };
  if (statusCode === undefined) {
    const late = error.name === 'TimeoutError' || /TIMEDOUT/.test(code);
    if (!late && error.name !== 'RestError' && !NETWORK_FAULT.test(code)) throw error;
    const said = late ? 'No answer in time' : `No connection (${code || error.message})`;
    return made(what, late ? 'timeout' : 'unavailable', said, {
      azureCode: '',
      status: null,
      doubtful: true,
    });
  }
  const kind = codeFor(code, statusCode, error.message);
  const said = kind === 'unauthenticated' ? 'The token was refused' : error.message;
  return made(what, kind, said, {
    azureCode: code,
    status: statusCode,
    doubtful: statusCode >= 500 || statusCode === 408,
  });
}

/** What a long-running operation ended with. The SDK gives code and message in one text. */
export function operationError(what: string, error: Error): CloudError {
  const [, azureCode = '', said = error.message] = /has failed\. (\w+)\. (.*)$/s.exec(error.message) ?? [];
  const kind = codeFor(azureCode, 400, said);
  return made(what, kind, said, { azureCode, status: null, doubtful: false });
}

const causeOf = (error: unknown) =>
  error instanceof CloudError ? (error.cause as Partial<AzureCause> | undefined) : undefined;

/** Azure's own code of a mapped error, or null. */
export const azureCodeOf = (error: unknown): string | null => causeOf(error)?.azureCode ?? null;

/** Whether what was asked for may have been done all the same. */
export const isDoubtful = (error: unknown): boolean => causeOf(error)?.doubtful === true;
