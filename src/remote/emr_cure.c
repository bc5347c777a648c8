#include "remote/emr_serverless.h"

#include "base/mem.h"

#include <string.h>

#define ROLE_NEEDS                                                                                    \
	"emr_role_arn needs s3:GetObject on the script, raw and processed objects, s3:PutObject and " \
	"s3:DeleteObject on the processed ones, s3:ListBucket on their buckets"

static const struct cure {
	const char *text; /* part of what is said */
	const char *cure;
} cures[] = {
	{ "iam:PassRole", "allow iam:PassRole on emr_role_arn, with iam:PassedToService "
			  "emr-serverless.amazonaws.com" },
	{ "Could not assume",
	  "the trust policy of emr_role_arn must name emr-serverless.amazonaws.com" },
	{ "exceeded the maximum capacity",
	  "the application allows too little: raise its maximumCapacity, or lower emr_max_vcpu" },
	{ "maximumCapacity",
	  "the application allows too little: raise its maximumCapacity, or lower emr_max_vcpu" },
	{ "vCPU",
	  "ask for more 'Max concurrent vCPUs per account' in Service Quotas, or lower emr_max_vcpu" },
	{ "orker could not be allocated",
	  "EMR has no room just now: try again, or lower emr_max_vcpu" },
	{ "Access Denied", ROLE_NEEDS },
	{ "AccessDenied", ROLE_NEEDS },
	{ "Status Code: 403", ROLE_NEEDS },
	{ "MultiObjectDeleteException", ROLE_NEEDS },
};

const char *
emr_cure(void *mem, const char *text)
{
	const char *action = strstr(text, "not authorized to perform: ");

	if (action && !strstr(text, "iam:PassRole")) {
		action = strchr(action, ':') + 2;
		if (!strncmp(action, "s3:", 3))
			return mem_printf(mem, "allow %.*s in the policy of emr_role_arn",
					  (int)strcspn(action, " \n"), action);
		return mem_printf(mem, "allow %.*s to whom the credentials belong",
				  (int)strcspn(action, " \n"), action);
	}
	for (size_t i = 0; i < sizeof(cures) / sizeof(*cures); i++) {
		if (strstr(text, cures[i].text))
			return cures[i].cure;
	}
	return NULL;
}
