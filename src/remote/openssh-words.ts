import type { Target } from './types.ts';

const checkings = { strict: 'yes', ask: 'yes', 'accept-new': 'accept-new', off: 'no' } as const;

/** `-o KEYWORD=VALUE`, where a value of several words is quoted as ssh_config quotes. */
function option(keyword: string, ...values: readonly (string | number)[]): string[] {
  const words = values.map((value) =>
    /[\s"]/.test(String(value)) ? `"${String(value).replaceAll('"', '\\"')}"` : value,
  );
  return ['-o', `${keyword}=${words.join(' ')}`];
}

/**
 * The arguments of an `ssh` that logs in and then only serves as control master on `socket` (ssh(1)). It reads ssh_config by
 * itself; a target that ssh_config knows nothing of is told in full. No secret is among them.
 */
export function masterWords(target: Target, socket: string, options: { mayAsk: boolean }): string[] {
  const { openSsh } = target;
  return [
    ...['-M', '-S', socket, '-N', '-T', '-x'],
    ...option('ControlPersist', 'no'),
    ...option('ClearAllForwardings', 'yes'),
    ...option('PermitLocalCommand', 'no'),
    ...option('RemoteCommand', 'none'),
    ...option('ForkAfterAuthentication', 'no'),
    // Its last words are what we tell people; QUIET would leave none.
    ...option('LogLevel', 'INFO'),
    ...option('ConnectTimeout', Math.max(1, Math.ceil(target.connectTimeoutMs / 1000))),
    ...option('StrictHostKeyChecking', checkings[target.hostKeyChecking]),
    ...option('ForwardAgent', target.forwardAgent === true ? 'yes' : 'no'),
    ...(options.mayAsk ? [] : option('BatchMode', 'yes')),
    // As over ssh2: a password is only tried where somebody gave one (-k), and not asked for, host by host.
    ...(target.access?.password === undefined ? option('PasswordAuthentication', 'no') : []),
    // Of who runs the command: the background process of --persist has an environment of its own.
    ...(target.identityAgent === undefined ? [] : option('IdentityAgent', target.identityAgent.replaceAll('%', '%%'))),
    ...(target.keepAlive === undefined
      ? [...option('ServerAliveInterval', 2), ...option('ServerAliveCountMax', 3)]
      : []),
    ...(openSsh === undefined ? toldInFull(target) : toldByName(openSsh)),
    '--',
    openSsh?.name ?? target.address,
  ];
}

/**
 * The words of an `ssh` that a person sits at: the login shell of the target, with whatever it asks. It reads ssh_config by
 * itself; a target that ssh_config knows nothing of is told in full. No secret is among them.
 */
export function loginWords(target: Target): string[] {
  const { openSsh } = target;
  return [
    'ssh',
    ...option('ConnectTimeout', Math.max(1, Math.ceil(target.connectTimeoutMs / 1000))),
    ...option('StrictHostKeyChecking', target.hostKeyChecking === 'ask' ? 'ask' : checkings[target.hostKeyChecking]),
    ...(openSsh === undefined ? toldInFull(target) : toldByName(openSsh)),
    '--',
    openSsh?.name ?? target.address,
  ];
}

function toldByName(name: NonNullable<Target['openSsh']>): string[] {
  return [
    ...(name.configFile === undefined ? [] : ['-F', name.configFile]),
    ...(name.user === undefined ? [] : ['-l', name.user]),
    ...(name.port === undefined ? [] : ['-p', String(name.port)]),
    ...(name.identityFile === undefined ? [] : ['-i', name.identityFile]),
    ...(name.proxyCommand === undefined ? [] : ['-o', `ProxyCommand=${name.proxyCommand}`]),
    ...(name.proxyJump === undefined ? [] : ['-J', name.proxyJump]),
  ];
}

function toldInFull(target: Target): string[] {
  const { kex, cipher, hmac, hostKey } = target.algorithms ?? {};
  return [
    ...['-F', 'none', '-l', target.user, '-p', String(target.port)],
    ...target.identityFiles.flatMap((file) => option('IdentityFile', file)),
    ...option('IdentitiesOnly', target.identitiesOnly === true ? 'yes' : 'no'),
    ...option('UserKnownHostsFile', ...(target.knownHostsFiles.length === 0 ? ['none'] : target.knownHostsFiles)),
    ...option('GlobalKnownHostsFile', 'none'),
    ...option('HashKnownHosts', target.hashKnownHosts === true ? 'yes' : 'no'),
    ...(target.hostKeyAlias === undefined ? [] : option('HostKeyAlias', target.hostKeyAlias)),
    ...(target.proxyCommand === undefined ? [] : ['-o', `ProxyCommand=${target.proxyCommand.replaceAll('%', '%%')}`]),
    ...(kex === undefined ? [] : option('KexAlgorithms', kex.join(','))),
    ...(cipher === undefined ? [] : option('Ciphers', cipher.join(','))),
    ...(hmac === undefined ? [] : option('MACs', hmac.join(','))),
    ...(hostKey === undefined ? [] : option('HostKeyAlgorithms', hostKey.join(','))),
  ];
}
