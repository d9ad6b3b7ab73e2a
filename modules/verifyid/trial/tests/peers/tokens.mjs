// Checks a device's token with the library jose, by a key set alone: what it must take, and what it must refuse.
//
//     node tokens.mjs FOLDER-OF-MODULES < {"token": …, "keys": …, "chain": the first eight digits of the chain's id}
//
// Prints a JSON document. Exit code 0: all holds. 1: something does not.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { createLocalJWKSet, jwtVerify, SignJWT, generateKeyPair, UnsecuredJWT } = await import(
  pathToFileURL(require.resolve("jose")).href
);

let text = "";
for await (const piece of process.stdin) text += piece;
const { token, keys, chain } = JSON.parse(text);
const set = createLocalJWKSet(keys);
const terms = {
  algorithms: ["EdDSA"],
  typ: "thr-device+jwt",
  issuer: `thr:${chain}`,
  audience: `thr-device:${chain}`,
  clockTolerance: 30,
  requiredClaims: ["exp", "iat", "nbf", "sub", "jti", "role", "dev"],
};

const { payload, protectedHeader } = await jwtVerify(token, set, terms);
const refused = {};
const mustRefuse = async (what, other, changed) => {
  try {
    await jwtVerify(other, set, { ...terms, ...changed });
  } catch (error) {
    refused[what] = error.code;
    return;
  }
  console.error(`jose takes ${what}`);
  process.exit(1);
};
const { privateKey } = await generateKeyPair("EdDSA");
const forged = await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(privateKey);
await mustRefuse("another key's signature", forged, {});
await mustRefuse("no signature", new UnsecuredJWT(payload).encode(), {});
await mustRefuse("another kind", token, { typ: "thr-admin+jwt" });
await mustRefuse("another audience", token, { audience: `thr-admin:${chain}` });
await mustRefuse("a time behind its end", token, { currentDate: new Date((payload.exp + 31) * 1000) });
await mustRefuse("a time before its beginning", token, { currentDate: new Date((payload.nbf - 31) * 1000) });
console.log(JSON.stringify({ role: payload.role, dev: payload.dev, kid: protectedHeader.kid, refused }));
