//! Partitions of AWS: which one a Region is in, and what its hosts are called.

/// A partition: a set of Regions with accounts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name, as ARNs carry it.
    pub name: &'static str,
    /// What the hosts of its services end in.
    pub dns_suffix: &'static str,
    /// How the names of its Regions begin.
    region_prefix: &'static str,
    /// Whether FIPS hosts have names of their own; elsewhere the one host is both.
    fips_hosts: bool,
}

/// All partitions, the one for every other Region last. From the endpoint rules
/// that botocore and the SDK for Rust ship.
const PARTITIONS: [Partition; 8] = [
    partition("aws-cn", "amazonaws.com.cn", "cn-"),
    Partition { fips_hosts: false, ..partition("aws-us-gov", "amazonaws.com", "us-gov-") },
    partition("aws-iso", "c2s.ic.gov", "us-iso-"),
    partition("aws-iso-b", "sc2s.sgov.gov", "us-isob-"),
    partition("aws-iso-e", "cloud.adc-e.uk", "eu-isoe-"),
    partition("aws-iso-f", "csp.hci.ic.gov", "us-isof-"),
    partition("aws-eusc", "amazonaws.eu", "eusc-"),
    partition("aws", "amazonaws.com", ""),
];

const fn partition(
    name: &'static str,
    dns_suffix: &'static str,
    region_prefix: &'static str,
) -> Partition {
    Partition { name, dns_suffix, region_prefix, fips_hosts: true }
}

impl Partition {
    /// The partition that `region` is in; Regions of no known shape are in `aws`.
    pub fn of(region: &str) -> Self {
        let known = PARTITIONS.iter().find(|known| region.starts_with(known.region_prefix));
        *known.unwrap_or(&PARTITIONS[PARTITIONS.len() - 1])
    }
}

/// The public STS host of a Region: the only kind of host that a cluster
/// accepts in a token.
pub fn sts_host(region: &str, fips: bool) -> String {
    let partition = Partition::of(region);
    let service = if fips && partition.fips_hosts { "sts-fips" } else { "sts" };
    format!("{service}.{region}.{}", partition.dns_suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts as botocore 1.44.5 computes them.
    #[test]
    fn sts_hosts_are_those_of_the_partition() {
        let table = [
            ("eu-west-1", "sts.eu-west-1.amazonaws.com", "sts-fips.eu-west-1.amazonaws.com"),
            ("ca-west-1", "sts.ca-west-1.amazonaws.com", "sts-fips.ca-west-1.amazonaws.com"),
            (
                "cn-north-1",
                "sts.cn-north-1.amazonaws.com.cn",
                "sts-fips.cn-north-1.amazonaws.com.cn",
            ),
            ("us-gov-east-1", "sts.us-gov-east-1.amazonaws.com", "sts.us-gov-east-1.amazonaws.com"),
            ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov", "sts-fips.us-iso-east-1.c2s.ic.gov"),
            (
                "us-isob-east-1",
                "sts.us-isob-east-1.sc2s.sgov.gov",
                "sts-fips.us-isob-east-1.sc2s.sgov.gov",
            ),
            (
                "eu-isoe-west-1",
                "sts.eu-isoe-west-1.cloud.adc-e.uk",
                "sts-fips.eu-isoe-west-1.cloud.adc-e.uk",
            ),
            (
                "us-isof-south-1",
                "sts.us-isof-south-1.csp.hci.ic.gov",
                "sts-fips.us-isof-south-1.csp.hci.ic.gov",
            ),
            (
                "eusc-de-east-1",
                "sts.eusc-de-east-1.amazonaws.eu",
                "sts-fips.eusc-de-east-1.amazonaws.eu",
            ),
        ];
        for (region, plain, fips) in table {
            assert_eq!(sts_host(region, false), plain);
            assert_eq!(sts_host(region, true), fips);
        }
    }

    #[test]
    fn the_partition_is_what_arns_of_the_region_carry() {
        let names = ["us-east-1", "cn-northwest-1", "us-gov-west-1", "eusc-de-east-1", "xx-new-1"]
            .map(|region| Partition::of(region).name);
        assert_eq!(names, ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws"]);
    }
}
