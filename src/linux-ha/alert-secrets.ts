/** What of alert targets may be shown, and what not: addresses of webhooks are keys. */
import type { AlertTarget, AlertWay } from '../model/alerts.ts';

/** What tells targets apart for people, without what may be secret in it: of an address only the machine. */
export function showWay(way: AlertWay): string {
  switch (way.kind) {
    case 'exec':
      return `exec ${way.program}`;
    case 'mail':
      return `mail ${way.to.join(', ')}`;
    case 'webhook':
      return `webhook ${new URL(way.url).origin}`;
  }
}

/** What must not be shown: of a webhook all that follows the machine, as it stands and as a file of JSON has it. */
export function alertSecrets(targets: readonly AlertTarget[] = []): string[] {
  return targets.flatMap(({ way }) => {
    if (way.kind !== 'webhook') return [];
    const { pathname, search, username, password } = new URL(way.url);
    const whole = [way.url, ...[pathname + search, pathname, username, password].filter((text) => text.length > 4)];
    return whole.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  });
}

/** The same targets, ready to be shown. */
export function withoutAlertSecrets(targets: readonly AlertTarget[] | undefined): readonly AlertTarget[] | undefined {
  return targets?.map((target) => {
    const { way } = target;
    return way.kind === 'webhook' ? { ...target, way: { ...way, url: `${new URL(way.url).origin}/(secret)` } } : target;
  });
}
