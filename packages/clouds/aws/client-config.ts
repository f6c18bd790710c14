/** What every AWS client of an account is made with. */
import { credentialsOf } from './credentials.ts';
import { type AwsAccount, requestSettings } from './request-settings.ts';

export function clientConfig(account: AwsAccount) {
  return { ...requestSettings(account), credentials: credentialsOf(account) };
}
