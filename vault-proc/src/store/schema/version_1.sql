CREATE TABLE profile(id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL) STRICT;
CREATE TABLE relays(id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, own INTEGER NOT NULL) STRICT;
CREATE TABLE contacts(
    handle INTEGER PRIMARY KEY, name TEXT NOT NULL, draft TEXT NOT NULL, added INTEGER NOT NULL,
    waiting INTEGER NOT NULL, verified INTEGER NOT NULL, unread INTEGER NOT NULL, sent_at INTEGER NOT NULL,
    identity BLOB NOT NULL, registration INTEGER NOT NULL,
    mailbox_secret BLOB NOT NULL, mailbox_public BLOB NOT NULL, mailbox_seal BLOB NOT NULL,
    mailbox_relays BLOB NOT NULL,
    peer_identity BLOB NOT NULL, peer_mailbox BLOB NOT NULL, peer_seal BLOB NOT NULL, peer_relays BLOB NOT NULL
) STRICT;
CREATE TABLE sessions(contact INTEGER PRIMARY KEY REFERENCES contacts(handle), record BLOB NOT NULL) STRICT;
CREATE TABLE invites(
    id INTEGER PRIMARY KEY, link TEXT NOT NULL, expires INTEGER NOT NULL, published INTEGER NOT NULL,
    identity BLOB NOT NULL, registration INTEGER NOT NULL,
    signed BLOB NOT NULL, one_time BLOB NOT NULL, kyber_public BLOB NOT NULL, kyber_secret BLOB NOT NULL,
    mailbox_secret BLOB NOT NULL, mailbox_public BLOB NOT NULL, mailbox_seal BLOB NOT NULL,
    mailbox_relays BLOB NOT NULL,
    event BLOB NOT NULL, author BLOB NOT NULL, rendezvous BLOB NOT NULL
) STRICT;
CREATE TABLE messages(
    n INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contacts(handle), seq INTEGER NOT NULL,
    id BLOB NOT NULL, mine INTEGER NOT NULL, text TEXT NOT NULL, sent_at INTEGER NOT NULL,
    at INTEGER NOT NULL, state INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX places ON messages(contact, seq);
CREATE INDEX undelivered ON messages(id) WHERE mine = 1 AND state <> 3;
CREATE VIRTUAL TABLE search USING fts5(
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', detail = full
);
CREATE TABLE jobs(
    job INTEGER PRIMARY KEY, kind INTEGER NOT NULL, owner INTEGER NOT NULL, prekey INTEGER NOT NULL,
    message INTEGER NOT NULL, author BLOB NOT NULL, nonce BLOB NOT NULL,
    created INTEGER NOT NULL, expires INTEGER NOT NULL, since INTEGER NOT NULL, relays BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE erasures(n INTEGER PRIMARY KEY, list BLOB NOT NULL) STRICT;
CREATE TABLE events(n INTEGER PRIMARY KEY, until INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;
INSERT INTO search(search, rank) VALUES ('automerge', 8);
