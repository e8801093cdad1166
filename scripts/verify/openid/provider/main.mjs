// A provider of OpenID Connect: npm oidc-provider with its forms for development, where any
// password is right. It takes its configuration as JSON in an argument, prints its port, and
// runs until its standard input ends.

import { createServer } from "node:http";
import Provider from "oidc-provider";

const { issuer, clients, accounts, claimsInToken } = JSON.parse(process.argv[2]);

const provider = new Provider(issuer, {
  clients,
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: !claimsInToken,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
});

const server = createServer(provider.callback());
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));
