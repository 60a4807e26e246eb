#include "etc.h"

#include "kept_root.h"

const struct etc_file etc_files[ETC_FILES] = {
    {"/etc/passwd",
     "root:x:0:0:root:/root:/bin/sh\n"
     "sandbox:x:1000:1000:sandbox:" SANDBOX_HOME ":/bin/sh\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
     false},
    {"/etc/group", "root:x:0:\ntty:x:5:\nsandbox:x:1000:\nnogroup:x:65534:\n", false},
    {"/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n", false},
    {"/etc/nsswitch.conf",
     "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\n"
     "services: files\n",
     false},
    {"/etc/resolv.conf", NULL, true},
    {"/etc/ld.so.cache", NULL, false},
    {"/etc/services", NULL, false},
    {"/etc/protocols", NULL, false},
    {"/etc/ssl/openssl.cnf", NULL, false},
    {"/etc/pki/tls/openssl.cnf", NULL, false},
};

const char *const etc_folders[] = {
    "/etc/alternatives", /* Debian's links to selected programs */
    "/etc/ssl/certs",    /* certificate authorities, by distribution */
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates/extracted",
    "/etc/crypto-policies", /* what Fedora's openssl.cnf includes */
    "/etc/fonts",
    "/etc/php",
    NULL,
};
