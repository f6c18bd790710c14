/** RFC 2136 against Debian's bind9. */
import { startBind } from './name-servers.ts';
import { signedUpdatesCompliance } from './signed-updates.ts';

signedUpdatesCompliance('bind9', startBind);
