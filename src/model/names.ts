/** The words that name things; plain strings, told apart by their place. */
export type HostName = string;
export type NodeName = string;
export type GroupName = string;
export type ServiceName = string;
/** An IPv4 or IPv6 address in its canonical text form. */
export type IpAddress = string;
/** `02:00:00:00:00:01`, lower case. */
export type MacAddress = string;
