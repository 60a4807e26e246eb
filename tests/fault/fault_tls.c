/* fault_tls.c: TLS of the fault server: an authority and certificates made at start, and sessions over OpenSSL. */
#include "fault_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY 86400L
#define FILE_COUNT 3

struct fault_tls {
    SSL_CTX *context;
    char *folder;
    char *files[FILE_COUNT];
};

struct fault_tls_session {
    SSL *ssl;
};

typedef struct {
    EVP_PKEY *key;
    X509 *certificate;
} identity;

static void free_identity(identity *id) {
    EVP_PKEY_free(id->key);
    X509_free(id->certificate);
}

/* ---- Certificates ---- */

static bool add_extension(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_leaf_extensions(X509 *certificate, X509 *issuer, const char *names, const char *usage) {
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
           add_extension(certificate, issuer, NID_ext_key_usage, usage) &&
           (!names || add_extension(certificate, issuer, NID_subject_alt_name, names));
}

static bool add_authority_extensions(X509 *certificate) {
    return add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
}

typedef struct {
    const char *common_name;
    const char *names; /* subjectAltName, or NULL */
    const char *usage; /* extendedKeyUsage; NULL for an authority */
    bool expired;
} request;

/* A key and a certificate signed by issuer, or by itself when issuer is NULL. */
static bool make_identity(identity *id, const request *wanted, const identity *issuer) {
    static atomic_long serial = 1;
    id->key = EVP_EC_gen("P-256");
    id->certificate = X509_new();
    if (!id->key || !id->certificate) {
        return false;
    }
    const identity *signer = issuer ? issuer : id;
    X509 *certificate = id->certificate;
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), atomic_fetch_add(&serial, 1)) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * DAY) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), wanted->expired ? -DAY : DAY) != NULL &&
           X509_set_pubkey(certificate, id->key) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wanted->common_name, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, X509_get_subject_name(signer->certificate)) == 1 &&
           (wanted->usage ? add_leaf_extensions(certificate, signer->certificate, wanted->names, wanted->usage)
                          : add_authority_extensions(certificate)) &&
           X509_sign(certificate, signer->key, EVP_sha256()) > 0;
}

/* "DNS:example.org" or "IP:192.0.2.1". */
static bool format_name(const char *name, char *out, size_t cap) {
    ASN1_OCTET_STRING *ip = a2i_IPADDRESS(name);
    int len = snprintf(out, cap, "%s:%s", ip ? "IP" : "DNS", name);
    ASN1_OCTET_STRING_free(ip);
    return len > 0 && (size_t)len < cap;
}

/* ---- Files ---- */

static bool write_pem(fault_tls *tls, fault_tls_file which, const char *name, X509 *certificate, EVP_PKEY *key) {
    if (asprintf(&tls->files[which], "%s/%s", tls->folder, name) < 0) {
        tls->files[which] = NULL;
        return false;
    }
    int fd = open(tls->files[which], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!file) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    bool written = (!certificate || PEM_write_X509(file, certificate) == 1) &&
                   (!key || PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    return fclose(file) == 0 && written;
}

static bool make_folder(fault_tls *tls) {
    const char *base = getenv("TMPDIR");
    if (asprintf(&tls->folder, "%s/ak-fault-XXXXXX", base && *base ? base : "/tmp") < 0) {
        tls->folder = NULL;
        return false;
    }
    if (!mkdtemp(tls->folder)) {
        free(tls->folder);
        tls->folder = NULL;
        return false;
    }
    return true;
}

/* ---- The server's side ---- */

static bool make_context(fault_tls *tls, const fault_tls_options *options, const identity *authority,
                         const identity *self) {
    tls->context = SSL_CTX_new(TLS_server_method());
    if (!tls->context) {
        return false;
    }
    SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* No tickets and no cache: nothing crosses the wire that the script did not ask for, and every handshake is a full
     * one. */
    SSL_CTX_set_num_tickets(tls->context, 0);
    /* Many clients leave without close_notify; that is their end, not an error of the connection. */
    SSL_CTX_set_options(tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
    if (options->client_certificate) {
        SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(tls->context), authority->certificate) != 1 ||
            SSL_CTX_add_client_CA(tls->context, authority->certificate) != 1) {
            return false;
        }
    }
    return SSL_CTX_use_certificate(tls->context, self->certificate) == 1 &&
           SSL_CTX_use_PrivateKey(tls->context, self->key) == 1;
}

static bool set_up(fault_tls *tls, const fault_tls_options *options) {
    char names[300] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    if (options->name && !format_name(options->name, names, sizeof names)) {
        return false;
    }
    identity authority = {0};
    identity self = {0};
    identity client = {0};
    const request for_authority = {.common_name = "fault server authority"};
    const request for_self = {
        .common_name = "fault server", .names = names, .usage = "serverAuth", .expired = options->expired};
    const request for_client = {.common_name = "fault client", .usage = "clientAuth"};
    bool made = make_identity(&authority, &for_authority, NULL) && make_identity(&self, &for_self, &authority) &&
                make_identity(&client, &for_client, &authority) && make_folder(tls) &&
                write_pem(tls, FAULT_CA_FILE, "ca.pem", authority.certificate, NULL) &&
                write_pem(tls, FAULT_CLIENT_CERTIFICATE_FILE, "client.pem", client.certificate, NULL) &&
                write_pem(tls, FAULT_CLIENT_KEY_FILE, "client.key", NULL, client.key) &&
                make_context(tls, options, &authority, &self);
    free_identity(&authority);
    free_identity(&self);
    free_identity(&client);
    return made;
}

/* The oldest reason in OpenSSL's queue of this thread, which is emptied. */
static void explain(char *error, size_t error_cap) {
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(error, error_cap, "TLS: %s", reason ? reason : "the connection broke");
    ERR_clear_error();
}

fault_tls *fault_tls_new(const fault_tls_options *options, char *error, size_t error_cap) {
    fault_tls *tls = calloc(1, sizeof *tls);
    if (!tls || !set_up(tls, options)) {
        explain(error, error_cap);
        fault_tls_free(tls);
        return NULL;
    }
    return tls;
}

void fault_tls_free(fault_tls *tls) {
    if (!tls) {
        return;
    }
    SSL_CTX_free(tls->context);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (tls->files[i]) {
            unlink(tls->files[i]);
            free(tls->files[i]);
        }
    }
    if (tls->folder) {
        rmdir(tls->folder);
        free(tls->folder);
    }
    free(tls);
}

const char *fault_tls_file_path(const fault_tls *tls, fault_tls_file which) {
    return tls->files[which];
}

/* ---- Sessions ---- */

fault_tls_session *fault_tls_open(fault_tls *tls, int fd) {
    fault_tls_session *session = calloc(1, sizeof *session);
    if (!session) {
        return NULL;
    }
    session->ssl = SSL_new(tls->context);
    if (!session->ssl || SSL_set_fd(session->ssl, fd) != 1) {
        fault_tls_close(session);
        return NULL;
    }
    return session;
}

void fault_tls_close(fault_tls_session *session) {
    if (session) {
        SSL_free(session->ssl);
        free(session);
    }
}

/* Turns OpenSSL's answer into that of read(2): bytes, 0 for the end, or -1 with errno. */
static ptrdiff_t outcome(fault_tls_session *session, int result, short *events, char *error, size_t error_cap) {
    int saved = errno;
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_NONE:
        return result;
    case SSL_ERROR_WANT_READ:
        *events = POLLIN;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        *events = POLLOUT;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        snprintf(error, error_cap, "%s", saved ? strerror(saved) : "the connection broke");
        errno = saved == EAGAIN || saved == EINTR || saved == 0 ? EIO : saved;
        return -1;
    default:
        explain(error, error_cap);
        errno = EIO;
        return -1;
    }
}

static int as_int(size_t len) {
    return len > INT32_MAX ? INT32_MAX : (int)len;
}

ptrdiff_t fault_tls_handshake(fault_tls_session *session, short *events, char *error, size_t error_cap) {
    ERR_clear_error();
    errno = 0;
    int result = SSL_accept(session->ssl);
    ptrdiff_t n = outcome(session, result, events, error, error_cap);
    if (n == 0) {
        snprintf(error, error_cap, "TLS: the client ended the handshake");
        errno = EIO;
        return -1;
    }
    return n;
}

ptrdiff_t fault_tls_read(fault_tls_session *session, void *into, size_t cap, short *events, char *error,
                         size_t error_cap) {
    ERR_clear_error();
    errno = 0;
    int result = SSL_read(session->ssl, into, as_int(cap));
    return outcome(session, result, events, error, error_cap);
}

ptrdiff_t fault_tls_write(fault_tls_session *session, const void *from, size_t len, short *events, char *error,
                          size_t error_cap) {
    ERR_clear_error();
    errno = 0;
    int result = SSL_write(session->ssl, from, as_int(len));
    ptrdiff_t n = outcome(session, result, events, error, error_cap);
    if (n == 0) {
        errno = EPIPE;
        return -1;
    }
    return n;
}

void fault_tls_notify(fault_tls_session *session) {
    ERR_clear_error();
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}
