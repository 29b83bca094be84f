// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signatures of images: the form that the kernel's modules use, appended to
 * the file by the kernel's own scripts/sign-file. They are verified as modules'
 * are, too: for firmware the kernel wants signed attributes, which sign-file
 * does not make. A module is no image and an image no module, so neither
 * passes for the other.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module_signature.h>
#include <linux/string.h>
#include <linux/verification.h>

#include "compat.h"
#include "image.h"

/**
 * atmos_image_verify() - does the file carry a signature the kernel trusts
 * @data: file
 * @size: in: its bytes; out: without the signature, if it has one
 *
 * Context: process, may sleep.
 * Return: 0, -ENODATA without a signature, -EBADMSG for a malformed one,
 * -ENOKEY or -EKEYREJECTED if no trusted key made it.
 */
int atmos_image_verify(const u8 *data, size_t *size)
{
	const size_t mark = sizeof(COMPAT_SIG_MARKER) - 1;
	struct module_signature ms;
	size_t len = *size;
	size_t sig_len;
	int err;

	if (len < mark || memcmp(data + len - mark, COMPAT_SIG_MARKER, mark))
		return -ENODATA;
	len -= mark;
	if (len < sizeof(ms))
		return -EBADMSG;
	len -= sizeof(ms);
	memcpy(&ms, data + len, sizeof(ms));
	sig_len = be32_to_cpu(ms.sig_len);
	if (ms.id_type != COMPAT_SIG_PKCS7 || ms.algo || ms.hash || ms.signer_len ||
	    ms.key_id_len || ms.__pad[0] || ms.__pad[1] || ms.__pad[2] || sig_len > len)
		return -EBADMSG;
	len -= sig_len;
	*size = len;
	err = verify_pkcs7_signature(data, len, data + len, sig_len, VERIFY_USE_SECONDARY_KEYRING,
				     VERIFYING_MODULE_SIGNATURE, NULL, NULL);
	if (err == -ENOKEY)
		err = verify_pkcs7_signature(data, len, data + len, sig_len,
					     VERIFY_USE_PLATFORM_KEYRING,
					     VERIFYING_MODULE_SIGNATURE, NULL, NULL);
	return err;
}
