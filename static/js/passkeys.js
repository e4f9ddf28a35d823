// Passkeys and security keys (WebAuthn). A form says what it wants:
//   data-passkey="create" with data-options           makes a key, then sends the form
//   data-passkey="get" with data-options              asks for a key, then sends the form
//   data-passkey="get" with data-options-from="url"   the same, with options fetched at the press
// The answer goes into the form's input named credential. data-refused are the words when it fails.
(() => {
  "use strict";
  const toBytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const toText = (buffer) => {
    let plain = "";
    for (const byte of new Uint8Array(buffer)) plain += String.fromCharCode(byte);
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const ids = (list) => (list || []).map((item) => ({ ...item, id: toBytes(item.id) }));

  const creation = (key, passwordless) => {
    const options = { ...key, challenge: toBytes(key.challenge), user: { ...key.user, id: toBytes(key.user.id) } };
    options.excludeCredentials = ids(key.excludeCredentials);
    const residency = passwordless ? "required" : "discouraged";
    options.authenticatorSelection = {
      ...key.authenticatorSelection, residentKey: residency, requireResidentKey: passwordless,
      ...(passwordless ? { userVerification: "required" } : {}),
    };
    return options;
  };
  const request = (key) => ({ ...key, challenge: toBytes(key.challenge), allowCredentials: ids(key.allowCredentials) });

  const plain = (credential) => {
    const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      const value = credential.response[name];
      if (value) response[name] = toText(value);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return {
      id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };

  const options = async (form) => {
    if (!form.dataset.optionsFrom) return JSON.parse(form.dataset.options);
    const answer = await fetch(form.dataset.optionsFrom, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.json();
  };

  const run = async (form) => {
    const given = await options(form);
    if (form.dataset.passkey === "create") {
      const passwordless = Boolean(form.elements.passwordless?.checked);
      const key = creation(given.creation_options.publicKey, passwordless);
      return navigator.credentials.create({ publicKey: key });
    }
    return navigator.credentials.get({ publicKey: request(given.request_options.publicKey) });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const says = form.querySelector("[data-says]");
    if (!window.PublicKeyCredential) {
      if (says) { says.textContent = form.dataset.unsupported; says.hidden = false; }
      continue;
    }
    for (const button of form.querySelectorAll("[type=submit]")) button.disabled = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (says) says.hidden = true;
      try {
        form.elements.credential.value = JSON.stringify(plain(await run(form)));
      } catch (error) {
        // Closed by the person, no key at hand, or a time-out: the browser does not tell them apart.
        if (says) { says.textContent = form.dataset.refused; says.hidden = false; }
        return;
      }
      form.submit();
    });
  }
})();
