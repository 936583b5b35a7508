/**
 * Contracts and events of the simulated chain: addresses, first topics and eras, as the public contracts have them.
 * Emitters and events are small numbers here, so that a filter is looked up in a table (`log-filter.ts`).
 */

/** Who emits. The six exchanges come first: an exchange's number is its emitter's. */
export const EMITTERS = [
  { name: 'v1_ctf', address: '0x4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e' },
  { name: 'v1_neg_risk', address: '0xc5d563a36ae78145c45a50134d48a1215220f80a' },
  { name: 'v2_ctf', address: '0xe111180000d2663c0091e4f400237545b87b996b' },
  { name: 'v2_neg_risk', address: '0xe2222d279d744050d28e00520010520000310f59' },
  { name: 'v2_neg_risk_b', address: '0xe2222d002000ba0053cef3375333610f64600036' },
  { name: 'v3', address: '0xe3333700ca9d93003f00f0f71f8515005f6c00aa' },
  // An exchange that nobody has heard of; it emits what V2 emits.
  { name: 'stranger', address: '0xe4444900b6a6de00c3d2e8f70a5b1c00d9e8f701' },
  { name: 'conditional_tokens', address: '0x4d97dcd97ec945f40cf65f87097ace5ea0476045' },
  { name: 'neg_risk_adapter', address: '0xd91e80cf2e7be2e162c6513ced06f1dd0da35296' },
  { name: 'fee_module', address: '0xe3f18acc55091e2c48d883fc8c8413319d4ab7b0' },
  { name: 'neg_risk_fee_module', address: '0xb768891e3130f6df18214ac804d4db76c2c37730' },
  { name: 'binary_module', address: '0x1000008dd9001b968442c1000017eae6e0da00ba' },
  { name: 'neg_risk_module', address: '0x200000900045e3b6259600682756002200028933' },
  { name: 'combo_module', address: '0x30000034706c7d8e12009dab006be20000c031a8' },
  { name: 'usdc_e', address: '0x2791bca1f2de4661ed88a30c99a7a9449aa84174' },
  // Emits the logs that nobody asks for: they stand between the others in a receipt.
  { name: 'foreign', address: '0x7ceb23fd6bc0add59e62ac25578270cff1b9f619' },
] as const;

export type EmitterName = (typeof EMITTERS)[number]['name'];
export type ExchangeName = 'v1_ctf' | 'v1_neg_risk' | 'v2_ctf' | 'v2_neg_risk' | 'v2_neg_risk_b' | 'v3' | 'stranger';

export const EMITTER = Object.fromEntries(EMITTERS.map(({ name }, i) => [name, i])) as Record<EmitterName, number>;
/** By exchange number, the stranger's last. */
export const EXCHANGE_NAMES = EMITTERS.slice(0, 7).map(({ name }) => name) as readonly ExchangeName[];
export const GENERATION = [1, 1, 2, 2, 2, 3, 2] as const;

/** What is emitted. A number below is the place in this list. */
export const EVENTS = [
  { name: 'v1_order_filled', topic0: '0xd0a08e8c493f9c94f29311604c9de1b4e8c8d4c06bd0c789af57f2d65bfec0f6' },
  { name: 'v1_orders_matched', topic0: '0x63bf4d16b7fa898ef4c4b2b6d90fd201e9c56313b65638af6088d149d2ce956c' },
  { name: 'v1_fee_charged', topic0: '0xacffcc86834d0f1a64b0d5a675798deed6ff0bcfc2231edd3480e7288dba7ff4' },
  { name: 'v1_token_registered', topic0: '0xbc9a2432e8aeb48327246cddd6e872ef452812b4243c04e6bfb786a2cd8faf0d' },
  { name: 'order_filled', topic0: '0xd543adfd945773f1a62f74f0ee55a5e3b9b1a28262980ba90b1a89f2ea84d8ee' },
  { name: 'orders_matched', topic0: '0x174b3811690657c217184f89418266767c87e4805d09680c39fc9c031c0cab7c' },
  { name: 'fee_charged', topic0: '0x55bb3cade9d43b798a4fe5ffdd05024b2d7870df53920673bfc7e68047cd0ab1' },
  { name: 'fee_refunded', topic0: '0xb608d2bf25d8b4b744ba23ce2ea9802ea955e216c064a62f42152fbf98958d24' },
  { name: 'condition_preparation', topic0: '0xab3760c3bd2bb38b5bcf54dc79802ed67338b4cf29f3054ded67ed24661e4177' },
  { name: 'condition_resolution', topic0: '0xb44d84d3289691f71497564b85d4233648d9dbae8cbdbb4329f301c3a0185894' },
  { name: 'condition_resolved', topic0: '0xe560c1a2847d4cf2e66de11fe592605556989449f38cc3ab96e2e287daa68caa' },
  { name: 'position_split', topic0: '0x2e6bb91f8cbcda0c93623c54d0403a43514fabc40084ec96b6d5379a74786298' },
  { name: 'positions_merge', topic0: '0x6f13ca62553fcc2bcd2372180a43949c1e4cebba603901ede2f4e14f36b282ca' },
  { name: 'payout_redemption', topic0: '0x2682012a4a4f1973119f1c9b90745d1bd91fa2bab387344f044cb3586864d18d' },
  { name: 'neg_risk_payout_redemption', topic0: '0x9140a6a270ef945260c03894b3c6b3b2695e9d5101feef0ff24fec960cfd3224' },
  { name: 'transfer_single', topic0: '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62' },
  { name: 'transfer_batch', topic0: '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb' },
  { name: 'positions_converted', topic0: '0xb03d19dddbc72a87e735ff0ea3b57bef133ebe44e1894284916a84044deb367e' },
  { name: 'transfer', topic0: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef' },
] as const;

export type EventName = (typeof EVENTS)[number]['name'];
export const EVENT = Object.fromEntries(EVENTS.map(({ name }, i) => [name, i])) as Record<EventName, number>;

export const USDC_E = '0x2791bca1f2de4661ed88a30c99a7a9449aa84174';
export const WRAPPED_COLLATERAL = '0x3a3bd7bb9528e159577f7c2e685cc81a765002e2';
export const PUSD = '0xc011a7e12a19f7b1f670d46f03b03f3342e82dfb';
/** UMA's adapter: the oracle of plain conditions. */
export const PLAIN_ORACLE = '0x65070be91477460d8a7aeeb94ef92fe056c2f2a7';
export const NEG_RISK_ADAPTER = '0xd91e80cf2e7be2e162c6513ced06f1dd0da35296';
export const FEE_RECEIVER = '0x115f48dc2a731aa16251c6d6e1befc42f92accc9';
export const COLLATERAL_ADAPTER = '0xada100db00ca00073811820692005400218fce1f';

export const CHAIN_ID = 137;
/** The first block that any loader of V2 or V3 asks for. */
export const V2_FROM_BLOCK = 84_902_320;
/** The last block that V1 filled an order in. */
export const V1_LAST_BLOCK = 86_126_998;
/** About June 2026; the real first fill of V3 is not known. */
export const V3_FROM_BLOCK = 88_000_000;
