import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { NodeState } from '../core/node.ts';
import { createNode } from '../core/node.ts';
import { readConfigFiles, readConfiguration } from '../linux-ha/cluster.ts';
import { addressesOf } from '../model/resource-group.ts';
import { Codec } from '../wire/codec.ts';
import type { ControlAnswer, ControlRequest } from '../wire/control.ts';
import type { Status } from '../wire/status.ts';
import { openArbiterLinks } from './arbiter/open-links.ts';
import { ClockWatch } from './clock-watch.ts';
import { Companions } from './companions.ts';
import { ControlServer } from './control-server.ts';
import { withdrawLeftovers } from './drivers/address-record.ts';
import { Announcer } from './drivers/announce.ts';
import { Devices } from './drivers/devices.ts';
import { HeartbeatLinks } from './drivers/heartbeat-links.ts';
import { createNftablesBalancer } from './drivers/nftables-balancer.ts';
import { systemNft } from './drivers/nftables-balancer-nft.ts';
import { OwnAddresses } from './drivers/own-addresses.ts';
import { startRawSockets } from './drivers/raw-sockets.ts';
import { FailbackClock } from './failback-clock.ts';
import { FencingParts } from './fencing/parts.ts';
import { makeGuard } from './guard.ts';
import { Housekeeping } from './housekeeping.ts';
import { beginIncarnation, bundleHash, ownName } from './identity.ts';
import { Journal } from './journal.ts';
import { keyringOf, refusedKeys } from './keys.ts';
import { LinkAlerts } from './link-alerts.ts';
import { Loop } from './loop.ts';
import { type DriverSet, NodeMachine } from './machine.ts';
import { OrderFile } from './order-file.ts';
import { refuseOwnAddresses } from './own-address.ts';
import { OwnerRecordFile } from './owner-record.ts';
import { localNetworks, placeAddresses } from './placement-on-devices.ts';
import { Reachability } from './reachability.ts';
import { Reload } from './reload.ts';
import { answerRequest } from './requests.ts';
import { openResources } from './resources/open.ts';
import { ServiceManager } from './service-manager.ts';
import { controlSocket, type Settings } from './settings.ts';
import { arpWarnings, configurationWarnings, guardNotes } from './startup-checks.ts';
import { boundOf, buildStatus } from './status.ts';
import { openStore } from './stores/open.ts';
import { Tellers } from './tellers.ts';
import { VoterRecordFile } from './voter-record.ts';

/** Above everything that answers to a person, below the kernel's own threads (sched(7)). */
const realtimePriority = 49;
/** One below the kernel's highest, which is for those that the main thread waits for. */
const highestPriority = 98;

const now = (): number => performance.now();

export interface Daemon {
  /** Takes up changed keys; what came of it is in the journal. */
  reload(why: string): void;
  /** Hands over everything (bounded), takes the addresses off the network and ends. */
  stop(why: string): Promise<void>;
}

/**
 * Starts musterd: gate shut and addresses off the network first, whatever an earlier one left; then heartbeats and
 * decisions. `onFatal` is called when it cannot go on. Throws a Problem where it cannot start.
 */
export async function startDaemon(
  settings: Settings,
  program: { readonly version: string; readonly file: string },
  onFatal: (why: string) => void,
): Promise<Daemon> {
  const configuration = readConfiguration(settings.configDir);
  const { cluster } = configuration;
  let runningHash = configuration.hash;
  const self = ownName(cluster, settings.node);
  const placed = placeAddresses(cluster, localNetworks());
  await refuseOwnAddresses(placed);
  const journal = new Journal(self);
  const tellers = new Tellers({ cluster, self, settings, journal, now, view: () => loop.view() });
  const startedAt = now();

  let answer = async (_: ControlRequest): Promise<ControlAnswer> => ({ ok: false, text: 'musterd is starting' });
  const control = await ControlServer.listen(controlSocket(settings), (request) => answer(request));
  // Whoever had it before has ended.
  const aloneSince = now();
  const identity = beginIncarnation(settings.stateDir, settings.runDir, cluster.timings.lease);

  const voterRecord = new VoterRecordFile(settings.stateDir);
  const ownerRecord = new OwnerRecordFile(settings.stateDir);
  const orderFile = new OrderFile(settings.stateDir, (why) => journal.warn('orders', why));
  if (orderFile.damage !== undefined) journal.warn('orders', `${orderFile.damage}; the other nodes have them too`);

  const sockets = await startRawSockets((why) => onFatal(`the helper for raw sockets ${why}`));
  // A helper of their own for addresses and links: the kernel has one lock for all of them, in all namespaces, and whoever
  // waits for it must not hold up a renewal of the gate.
  const routeSockets = await startRawSockets((why) => onFatal(`the helper for addresses ${why}`));
  // Start-up takes as much of a core as it gets: it must not have the priority with which others renew.
  sockets.schedule(0, process.pid);
  const services = new ServiceManager(sockets, process.env);
  const codec = new Codec({
    self,
    incarnation: identity.incarnation,
    keyring: keyringOf(configuration.authkeys),
    peers: cluster.nodes.filter((name) => name !== self),
  });

  // Closures below run only after the loop is there.
  let loop: Loop;
  let housekeeping: Housekeeping | undefined;
  const devices: Devices = new Devices(routeSockets, now, ({ name, up, mac }) => {
    if (housekeeping === undefined || !machine.guards(name)) return;
    loop.dispatch({ type: 'link', device: name, up, mac });
    housekeeping.guardDevices();
  });
  await devices.start();
  const ownAddresses = new OwnAddresses(routeSockets, now, devices);
  await ownAddresses.start();
  const balancer = createNftablesBalancer({
    journal: ({ what, why, ...details }) => journal.say(what, why, details),
    nft: {
      ...systemNft,
      // A change of our own, or the gate would take it for somebody else's and have the balancer look again, for ever.
      apply: async (text) => {
        const complaint = await systemNft.apply(text);
        if (complaint === undefined) gate.countChange();
        return complaint;
      },
    },
  });
  const groups = new Map(cluster.groups.map((group) => [group.name, addressesOf(group).map(({ address }) => address)]));
  await withdrawLeftovers({
    runDir: settings.runDir,
    placed,
    devices,
    routeSockets,
    now,
    say: (why) => journal.say('address', why),
    warn: (why) => journal.warn('address', why),
  });
  const guard = await makeGuard({
    cluster,
    withoutNftables: settings.withoutNftables,
    gate: {
      sockets,
      now,
      groups,
      onRendered: async () => {
        if (loop !== undefined) await balancer.reapply();
      },
      onLost: (why) => {
        journal.warn('gate-lost', why);
        loop?.dispatch({ type: 'gateLost' });
      },
      onTrouble: (why) => journal.warn('protection', why),
      onForeignChange: () => void balancer.reapply(),
    },
    routeSockets,
    devices,
    placed,
    onTrouble: (why) => journal.warn('address', why),
  });
  const { gate, addresses, protection } = guard;
  for (const note of guardNotes(guard, cluster)) journal.warn('protection', note);
  const links = new HeartbeatLinks({
    links: cluster.links,
    port: cluster.udpPort,
    addresses: ownAddresses,
    virtual: new Set(placed.map(({ address }) => address)),
    onTrouble: (why) => journal.warn('link', why),
    onDatagram: (bytes, link, address) => {
      const decoded = codec.decode(bytes, link);
      linkAlerts.heard(decoded, link, address);
      if (!decoded.ok) return;
      const { from, epoch, incarnation, message } = decoded;
      loop.dispatch({ type: 'message', from, link, epoch, incarnation, message });
    },
  });
  const arbiters = await openArbiterLinks({
    cluster,
    self,
    incarnation: identity.incarnation,
    configDir: settings.configDir,
    journal,
    now,
    onMessage: (from, message, epoch) => loop.dispatch({ type: 'message', from, link: 'arbiter', epoch, message }),
  });
  const linkAlerts = new LinkAlerts({ links, devices, journal, deadtime: cluster.timings.deadtime, now });
  const resources = openResources({
    settings,
    configuration,
    self,
    journal,
    dispatch: (event) => {
      loop.dispatch(event);
      if (event.type === 'fenceWanted') companions.endMachine(event.why);
    },
    inMaintenance: () => loop.inMaintenance(),
  });
  const { runDir, stateDir } = settings;
  const fencing = new FencingParts({ cluster, self, journal, runDir, stateDir, now });
  const drivers: DriverSet = {
    sockets,
    devices,
    ownAddresses,
    gate,
    addresses,
    announcer: new Announcer(sockets),
    links,
    arbiters,
    balancer,
    balances: protection === 'gate',
    codec,
    store: await openStore(cluster, self, identity.incarnation, settings.runDir, (why) => journal.warn('store', why)),
    voterRecord,
    ownerRecord,
    resources,
    fencing,
    orderFile,
  };
  const machine = new NodeMachine(drivers, cluster, self, placed);

  for (const note of configuration.notes) journal.say('configuration', note);
  for (const note of refusedKeys(configuration.authkeys)) journal.warn('configuration', note);
  for (const note of configurationWarnings(configuration, settings.configDir)) journal.warn('configuration', note);
  for (const warning of arpWarnings(placed)) journal.warn('kernel', warning);

  await addresses.release();
  await gate.start(machine.gateDevices());
  // Only behind the gate: until then frames for an address on lo would be accepted, whoever holds it.
  await addresses.refresh();
  await machine.configureBalancer();

  const random = randomBytes(16);
  const macs = Object.fromEntries(machine.gateDevices().map(({ name, mac }) => [name, mac]));
  const ownHash = bundleHash(program.file);
  const state: NodeState = createNode(
    cluster,
    self,
    {
      incarnation: identity.incarnation,
      seed: [random.readUInt32LE(0), random.readUInt32LE(4), random.readUInt32LE(8), random.readUInt32LE(12)],
      configHash: configuration.hash,
      bundleHash: ownHash,
      macs,
      longestLease: identity.longestLease,
      aloneSince,
      fenced: fencing.note.found,
      recorded: voterRecord.found,
      owners: ownerRecord.found,
      orders: orderFile.found,
    },
    now(),
  );
  loop = new Loop(state, machine, journal, now);
  const reload = new Reload({
    directory: settings.configDir,
    files: readConfigFiles(settings.configDir),
    codec,
    journal,
    onHash: (hash) => {
      runningHash = hash;
      loop.dispatch({ type: 'configured', configHash: hash });
    },
  });
  const companions = new Companions({
    configuration,
    self,
    journal,
    now,
    steppedAt: () => loop.steppedAt,
    mustEnd: () => (!loop.wantsFencing() ? 'no' : loop.inMaintenance() ? 'later' : 'now'),
  });
  companions.openWatchdog();
  const clockWatch = new ClockWatch({ journal, now, wallClock: Date.now });
  // A disk has to know this node before anything on it is mounted.
  await fencing.start();
  // What only start-up needed would stay for hours: little is thrown away from here on. Nothing waits for this node yet.
  globalThis.gc?.();
  await links.start();
  loop.start();
  arbiters.start();
  void resources.start();

  const status = (): Status =>
    buildStatus(
      loop.view(),
      {
        version: program.version,
        cluster: cluster.name,
        bundleHash: ownHash,
        configHash: runningHash,
        startedAt,
        services: balancer.status(),
        arbiters: arbiters.status(),
        bound: boundOf(cluster, arbiters.status()),
        counters: { ...codec.dropped, ...clockWatch.counters() },
        protection,
        layers: companions.layers(),
        watchdog: companions.watchdog(),
        fencing: fencing.status(),
        ping: reachability.status(),
        links: linkAlerts.links(loop.peers()),
        device: placed[0]?.device,
        resources: (group) => resources.status(group),
      },
      now(),
      Date.now(),
    );
  answer = (asked) => answerRequest(asked, { cluster, journal, loop, reload, fencing, tellers, status });

  const reachability = new Reachability({
    cluster,
    sockets,
    now,
    onReach: (reach) => loop.dispatch({ type: 'reach', ...reach }),
    onTrouble: (why) => journal.warn('ping', why),
  });
  const failbackClock = new FailbackClock(cluster, (minuteOfWeek) => loop.dispatch({ type: 'clock', minuteOfWeek }));
  housekeeping = new Housekeeping({
    gate,
    addresses,
    machine,
    loop,
    services,
    onLook: (peers) => {
      if (peers.endedBy !== null)
        onFatal(`${peers.endedBy} says that this node was fenced: only a new start gets votes again`);
      linkAlerts.look(peers);
      companions.look();
      fencing.note.look();
      tellers.look();
      failbackClock.look(new Date());
      clockWatch.look();
    },
  });
  housekeeping.start();
  companions.start();
  reachability.start();
  if (settings.realtime && configuration.running.realtime) {
    // The first use makes the worker threads, which have to be there when their priority is set.
    await stat('/');
    sockets.schedule(Math.min(configuration.running.priority ?? realtimePriority, highestPriority), process.pid);
  }
  services.ready();
  journal.say('start', `musterd ${program.version} runs as ${self} of cluster ${cluster.name}`, {
    incarnation: identity.incarnation,
    configHash: configuration.hash,
    bundleHash: ownHash,
  });

  let stopping: Promise<void> | undefined;
  const stop = async (why: string): Promise<void> => {
    services.stopping();
    journal.say('stop', why);
    const patience = 2 * cluster.timings.lease + 1000 + resources.stopPatience;
    await Promise.race([loop.ask({ kind: 'leave' }), new Promise((resolve) => setTimeout(resolve, patience))]);
    // What takes its time ends while leases are still renewed, as in maintenance they are.
    reachability.stop();
    await Promise.all([companions.stop(), tellers.stop(), orderFile.flush()]);
    housekeeping?.stop();
    // In maintenance whatever runs is let alone: the gate stays open for what is left of the lease, the addresses stay on.
    const stays = loop.inMaintenance();
    loop.stop();
    resources.stop();
    fencing.stop();
    if (!stays) {
      await gate.close([...groups.keys()]);
      await addresses.release();
    }
    await balancer.stop();
    links.stop();
    await drivers.store?.stop();
    arbiters.stop();
    control.close();
    await sockets.stop();
    await routeSockets.stop();
    await orderFile.flush();
    await tellers.flush();
    await journal.flush();
  };
  return {
    reload: (why) => void reload.run(why),
    stop: (why) => {
      stopping ??= stop(why);
      return stopping;
    },
  };
}
